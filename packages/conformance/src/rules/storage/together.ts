import type { StorageClient } from "@kloset/host";
import type { Mac } from "@kloset/model";
import { requireSameBytes } from "../../bytes.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { newRepository, read, requireContent } from "./repository.js";
import { PATIENCE_MS } from "./refusals.js";
import { answerWithin } from "../../waiting.js";
import { contentFor, interleaved, KINDS, macFor, BEYOND_WINDOW } from "./resources.js";

/** Many calls at once. */
export const togetherRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.put.parallel",
    connector: "storage",
    title: "keeps eight resources that are put at once apart",
    because: "Hosts write as many packfiles at once as they have workers.",
    async check(harness) {
      const { client } = await newRepository(harness);
      const puts = Array.from({ length: 8 }, (_, index) => {
        const name = `parallel ${index}`;
        const kind = KINDS[index % KINDS.length] ?? "packfile";
        return { kind, mac: macFor(name), content: contentFor(name, 200_000 + index) };
      });
      await Promise.all(puts.map(({ kind, mac, content }) => client.put(kind, mac, interleaved(content, 10_000))));
      for (const { kind, mac, content } of puts) {
        await requireContent(client, kind, mac, content, `one of eight resources that were put at once, a ${kind}`);
      }
    },
  },
  {
    id: "storage.put.same-mac",
    connector: "storage",
    title: "keeps one of two resources that are put at once by the same MAC, whole",
    because: "Two hosts can store the same packfile at the same time: a mixture is neither's.",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const mac = macFor(`contended ${kind}`);
        const contents = [contentFor("one", 300_000), contentFor("other", 250_000)];
        const outcomes = await Promise.allSettled(
          contents.map((content) => client.put(kind, mac, interleaved(content, 10_000))),
        );
        // A store may refuse one of them, and go on with the other.
        const failures = outcomes.flatMap((outcome) =>
          outcome.status === "rejected" ? [outcome.reason as unknown] : [],
        );
        if (failures.length === contents.length)
          throw new Violation(`both Puts of one ${kind} failed: ${failures.map(String).join("; ")}`);
        const kept = Buffer.from(await read(client, kind, mac));
        requires(
          contents.some((content) => kept.equals(content)),
          `two Puts of one ${kind} at once left ${kept.length} bytes that are neither's`,
        );
      }
    },
  },
  {
    id: "storage.get.parallel",
    connector: "storage",
    title: "answers eight Gets at once, two of each resource",
    because: "Hosts read as many packfiles at once as they have workers, some of them twice.",
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
    title: "goes on after Gets that were cancelled half-way",
    because: "A user interrupts a restore and starts another one; the store must not remember.",
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
    title: "serves others while slow readers take their time",
    because: "One restore that waits for a tape must not stop the backup beside it, nor the refreshing of its lock.",
    async check(harness) {
      const { client } = await newRepository(harness);
      const mac = macFor("slow");
      const content = contentFor("slow", BEYOND_WINDOW);
      await client.put("packfile", mac, content);
      // Two of them: their windows leave room on the connection.
      const slow = await Promise.all([startReading(client, mac), startReading(client, mac)]);
      await answerWithin(useStore(client, mac), PATIENCE_MS, "calls while two Gets are not read");
      for (const finish of slow) requireSameBytes(await finish(), content, "a packfile that was read slowly");
    },
  },
];

/** What a backup and its lock do, beside a packfile that others read. */
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
      requires(chunk.length > 0, "unreachable: the client keeps empty chunks for itself");
      enough.abort();
    }
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  }
}

/** Reads one chunk. @returns What reads the rest, and gives all of it. */
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
