import type { StorageClient } from "@kloset/host";
import type { Mac } from "@kloset/model";
import { requireSameBytes } from "../../bytes.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { newRepository, read, requireContent } from "./repository.js";
import { PATIENCE_MS } from "./refusals.js";
import { answerWithin } from "../../waiting.js";
import { contentFor, interleaved, KINDS, macFor, BEYOND_WINDOW } from "./resources.js";

/** Rules about concurrent calls. */
export const togetherRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.put.parallel",
    connector: "storage",
    title: "keeps eight resources apart that are put at once",
    because: "hosts write one packfile per worker at the same time",
    async check(harness) {
      const { client } = await newRepository(harness);
      const puts = Array.from({ length: 8 }, (_, index) => {
        const name = `parallel ${index}`;
        const kind = KINDS[index % KINDS.length] ?? "packfile";
        return { kind, mac: macFor(name), content: contentFor(name, 200_000 + index) };
      });
      await Promise.all(puts.map(({ kind, mac, content }) => client.put(kind, mac, interleaved(content, 10_000))));
      for (const { kind, mac, content } of puts) {
        await requireContent(client, kind, mac, content, `a ${kind}, one of eight resources that were put at once`);
      }
    },
  },
  {
    id: "storage.put.same-mac",
    connector: "storage",
    title: "keeps exactly one of two resources that are put at once with the same MAC",
    because: "two hosts may store the same packfile at the same time: a mixture of both is damaged content",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const mac = macFor(`contended ${kind}`);
        const contents = [contentFor("one", 300_000), contentFor("other", 250_000)];
        const outcomes = await Promise.allSettled(
          contents.map((content) => client.put(kind, mac, interleaved(content, 10_000))),
        );
        // A store may reject one of the two.
        const failures = outcomes.flatMap((outcome) =>
          outcome.status === "rejected" ? [outcome.reason as unknown] : [],
        );
        if (failures.length === contents.length)
          throw new Violation(`both Puts of one ${kind} failed: ${failures.map(String).join("; ")}`);
        const kept = Buffer.from(await read(client, kind, mac));
        requires(
          contents.some((content) => kept.equals(content)),
          `two Puts of one ${kind} at once left ${kept.length} bytes that match neither`,
        );
      }
    },
  },
  {
    id: "storage.get.parallel",
    connector: "storage",
    title: "answers eight Gets at once, two of each resource",
    because: "hosts read one packfile per worker at the same time, and may read the same one twice",
    async check(harness) {
      const { client } = await newRepository(harness);
      const names = Array.from({ length: 4 }, (_, index) => `wanted ${index}`);
      const contents = names.map((name, index) => contentFor(name, 300_000 + 1000 * index));
      for (const [index, name] of names.entries()) await client.put("packfile", macFor(name), contents[index] ?? []);
      const gets = [...names, ...names].map(async (name, index) => {
        const expected = contents[index % contents.length] ?? new Uint8Array(0);
        requireSameBytes(
          await read(client, "packfile", macFor(name)),
          expected,
          "one of eight packfiles that were read at once",
        );
      });
      await Promise.all(gets);
    },
  },
  {
    id: "storage.get.cancelled",
    connector: "storage",
    title: "keeps working after Gets that were cancelled half-way",
    because: "users interrupt a restore and start another one, which the first must not affect",
    async check(harness) {
      const { client } = await newRepository(harness);
      const mac = macFor("cancelled");
      const content = contentFor("cancelled", BEYOND_WINDOW);
      await client.put("packfile", mac, content);
      await Promise.all(Array.from({ length: 2 }, () => readFirstChunk(client, mac)));
      await requireContent(client, "packfile", mac, content, "a packfile, after other Gets of it were cancelled");
    },
  },
  {
    id: "storage.get.slow-reader",
    connector: "storage",
    title: "answers other calls while Gets are read slowly",
    because: "a slow restore must not block a concurrent backup, nor the refreshing of its lock",
    async check(harness) {
      const { client } = await newRepository(harness);
      const mac = macFor("slow");
      const content = contentFor("slow", BEYOND_WINDOW);
      await client.put("packfile", mac, content);
      // Only two, so that the connection's window still has room.
      const slow = await Promise.all([startReading(client, mac), startReading(client, mac)]);
      await answerWithin(useStore(client, mac), PATIENCE_MS, "calls while two Gets are not read");
      for (const finish of slow) requireSameBytes(await finish(), content, "a packfile that was read slowly");
    },
  },
];

/** Puts and gets a lock, and reads a range of a packfile that is being read, as a backup does. */
async function useStore(client: StorageClient, other: Mac): Promise<void> {
  const mac = macFor("lock");
  const content = contentFor("lock", 1000);
  await client.put("lock", mac, content);
  requireSameBytes(await read(client, "lock", mac), content, "a lock");
  await read(client, "packfile", other, { offset: 1000, length: 500 });
}

async function readFirstChunk(client: StorageClient, mac: Mac): Promise<void> {
  const enough = new AbortController();
  try {
    for await (const chunk of client.get("packfile", mac, undefined, enough.signal)) {
      requires(chunk.length > 0, "unreachable: the client drops empty chunks");
      enough.abort();
    }
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  }
}

/** Reads one chunk. @returns A function that reads the rest and returns the whole content. */
async function startReading(client: StorageClient, mac: Mac): Promise<() => Promise<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  const source = client.get("packfile", mac)[Symbol.asyncIterator]();
  const next = async (): Promise<boolean> => {
    const result = await source.next();
    if (result.done !== true) chunks.push(result.value);
    return result.done !== true;
  };
  await next();
  return async () => {
    while (await next());
    return Buffer.concat(chunks);
  };
}
