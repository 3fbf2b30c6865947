import { expect, it } from "@jest/globals";
import { fileInfoOf, isRegularFile, type Entry, type EntryRef } from "@kloset/model";
import type { connectors } from "@kloset/protocol/v1.1";
import fc from "fast-check";
import type { Importer } from "./importer.js";
import { initialisedV1_0, initialisedV1_1 } from "./testing/clients.js";
import { Results } from "./testing/host-v1_1.js";
import { collect, importerOf, textOf } from "./testing/importers.js";

const SEED = 20260401;

const entry = fc.record({
  type: fc.constantFrom("file" as const, "file" as const, "directory" as const, "symlink" as const, "fifo" as const),
  /** True if the host reads the content. */
  wanted: fc.boolean(),
  size: fc.nat(5),
  /** True if the entry has its own `read`, provided it is a file. */
  own: fc.boolean(),
  fails: fc.boolean(),
});

type Seed = typeof entry extends fc.Arbitrary<infer T> ? T : never;

/** Creates an importer that logs its calls and the end of each content. */
function logging(seeds: readonly Seed[], log: string[]): Importer {
  const content = async function* (pathname: string): AsyncGenerator<Uint8Array> {
    const index = Number(pathname.slice(2));
    try {
      for (let at = 0; at < (seeds[index]?.size ?? 0); at++) yield Promise.resolve(Uint8Array.of(at));
      if (seeds[index]?.fails === true) throw new Error(`${pathname} cannot be read`);
      log.push(`end ${pathname}`);
    } finally {
      log.push(`close ${pathname}`);
    }
  };
  const entries = seeds.map(({ type, size, own }, i): Entry => {
    const pathname = `/e${i}`;
    const fileInfo = fileInfoOf({ type, size });
    if (type === "symlink") return { pathname, fileInfo, target: "elsewhere" };
    if (!own || type !== "file") return { pathname, fileInfo };
    return {
      pathname,
      fileInfo,
      read() {
        log.push(`read ${pathname}`);
        return content(pathname);
      },
    };
  });
  return importerOf(
    function* () {
      log.push("scan");
      for (const one of entries) {
        log.push(`yield ${one.pathname}`);
        yield one;
      }
      log.push("end of scan");
    },
    {
      open({ pathname }: EntryRef) {
        log.push(`open ${pathname}`);
        return content(pathname);
      },
      close() {
        log.push("close");
      },
    },
  );
}

it("both generations make the same calls to the importer for the same scan", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 8 }), async (seeds) => {
      const wants = (pathname: string, mode: number): boolean =>
        isRegularFile(mode) && seeds[Number(pathname.slice(2))]?.wanted === true;
      const errors: Record<string, string[]> = { "v1.0": [], "v1.1": [] };
      const keep = async (
        generation: string,
        content: AsyncIterable<{ readonly chunk: Uint8Array }>,
      ): Promise<void> => {
        await textOf(content).catch((error: unknown) => errors[generation]?.push(String(error)));
      };

      const old: string[] = [];
      const clientV1_0 = await initialisedV1_0(logging(seeds, old));
      const responses = await collect(clientV1_0.scan({}));
      for (const { pathname, result } of responses) {
        if (result.case !== "record" || !wants(pathname, result.value.fileinfo?.mode ?? 0)) continue;
        await keep("v1.0", clientV1_0.openReader({ pathname }));
        await clientV1_0.closeReader({ pathname });
      }
      await clientV1_0.close({});

      const log: string[] = [];
      const clientV1_1 = await initialisedV1_1(logging(seeds, log));
      const records: connectors.Record[] = [];
      const results = new Results();
      for await (const { record, finished } of clientV1_1.import(results)) {
        if (record !== undefined) records.push(record);
        if (!finished) continue;
        // Real hosts open during the scan. Open everything at the end, as above, so that the order is comparable.
        for (const { pathname, fileInfo, target } of records) {
          if (wants(pathname, fileInfo?.mode ?? 0))
            await keep("v1.1", clientV1_1.open({ record: { pathname, target } }));
        }
        for (const each of records) results.acknowledge(each);
        results.halfClose();
      }
      await clientV1_1.close({});

      expect(log).toEqual(old);
      expect(errors["v1.1"]).toEqual(errors["v1.0"]);
    }),
    { seed: SEED, numRuns: 60 },
  );
});
