import { NO_HOSTS } from "../../levels.js";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { newRepository, requireContent } from "./repository.js";
import { contentFor, inPieces, KINDS, macFor, MiB, type HostKind } from "./resources.js";

/** Sizes around that of a chunk, where mistakes are likely. */
const SIZES = [1, MiB - 1, MiB, MiB + 1];

/** Larger than a message may be. Not used for locks, where hosts store a few lines. */
const LARGE = 5 * MiB + 17;

/** Hosts send states in many small chunks of various sizes. */
const SMALL_PIECES = [1, 914, 17, 1, 4096, 3, 512, 2, 1500, 64];

/** The size of resources that must be stored when they are answered. No other resource of the kit has it. */
export const STORED_SIZE = 200_101;

/** Rules about reading back what was put. */
export const contentRules: readonly ConnectorRule<"storage">[] = [
  ...KINDS.map(contentRule),
  {
    id: "storage.content.empty",
    connector: "storage",
    title: "keeps empty resources",
    because: "an empty resource exists: if it is missing, hosts consider the repository damaged",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const mac = macFor(`empty ${kind}`);
        const empty = new Uint8Array(0);
        await client.put(kind, mac, empty);
        await requireContent(client, kind, mac, empty, `an empty ${kind}`);
      }
    },
  },
  {
    id: "storage.content.small-chunks",
    connector: "storage",
    title: "keeps resources that arrive in many small chunks",
    because: "hosts send states in chunks of a few bytes: a lost or misplaced chunk damages the repository",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const mac = macFor(`pieces ${kind}`);
        const content = contentFor(`pieces ${kind}`, 100_000);
        await client.put(kind, mac, inPieces(content, SMALL_PIECES));
        await requireContent(client, kind, mac, content, `a ${kind} that was sent in many small chunks`);
      }
    },
  },
  {
    id: "storage.put.stored",
    connector: "storage",
    title: "answers a Put with success only once the resource is stored",
    because: "hosts rely on it at once, and the error of a later write is never reported: the repository is damaged",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const names = Array.from({ length: 8 }, (_, index) => `stored ${kind} ${index}`);
        await Promise.all(
          names.map(async (name) => {
            const content = contentFor(name, STORED_SIZE);
            await client.put(kind, macFor(name), content);
            await requireContent(client, kind, macFor(name), content, `a ${kind} when its Put was answered`);
          }),
        );
      }
    },
  },
  {
    id: "storage.put.count",
    connector: "storage",
    title: "answers a Put with the number of bytes written",
    because: "hosts add these numbers up to report the size of a backup",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        for (const size of [0, 1, 70_000]) {
          const name = `count ${kind} ${size}`;
          const written = await client.put(kind, macFor(name), inPieces(contentFor(name, size), [10_000]));
          requires(written === size, `the answer to a Put of a ${kind} of ${size} bytes is ${written}`);
        }
      }
    },
  },
  {
    id: "storage.get.chunks",
    connector: "storage",
    title: "sends chunks of at most 1 MiB",
    because: "hosts hold each chunk in memory, and reject messages above 4 MiB",
    hosts: NO_HOSTS,
    async check(harness) {
      const { client } = await newRepository(harness);
      const mac = macFor("chunks");
      await client.put("packfile", mac, contentFor("chunks", 2 * MiB + 1000));
      for await (const { length } of client.get("packfile", mac)) {
        requires(length <= MiB, `a chunk has ${length} bytes, but at most ${MiB} are allowed`);
      }
    },
  },
  {
    id: "storage.kinds.apart",
    connector: "storage",
    title: "keeps resources of different kinds with the same MAC apart",
    because: "the MACs of different kinds are independent: otherwise a lock could overwrite a packfile",
    async check(harness) {
      const { client } = await newRepository(harness);
      const mac = macFor("kinds");
      for (const kind of KINDS) await client.put(kind, mac, contentFor(kind, 1000));
      for (const kind of KINDS) {
        await requireContent(
          client,
          kind,
          mac,
          contentFor(kind, 1000),
          `the ${kind} whose MAC is shared by a packfile, a state and a lock`,
        );
      }
    },
  },
];

function contentRule(kind: HostKind): ConnectorRule<"storage"> {
  return {
    id: `storage.content.${kind}`,
    connector: "storage",
    title: `returns ${kind}s of all sizes byte for byte`,
    because: "these bytes are what a user restores",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const size of kind === "lock" ? SIZES : [...SIZES, LARGE]) {
        const name = `${kind} ${size}`;
        const content = contentFor(name, size);
        await client.put(kind, macFor(name), content);
        await requireContent(client, kind, macFor(name), content, `a ${kind} of ${size} bytes`);
      }
    },
  };
}
