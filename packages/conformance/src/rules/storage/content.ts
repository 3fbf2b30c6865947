import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { newRepository, requireContent } from "./repository.js";
import { contentFor, inPieces, KINDS, macFor, MiB, type HostKind } from "./resources.js";

/** Around the size of the wire's chunks, where mistakes are made. */
const SIZES = [1, MiB - 1, MiB, MiB + 1];

/** More than a message may have. Locks are small: hosts keep a few lines in them. */
const LARGE = 5 * MiB + 17;

/** As hosts send states: many small chunks, of all sizes. */
const SMALL_PIECES = [1, 914, 17, 1, 4096, 3, 512, 2, 1500, 64];

/** What is put comes back. */
export const contentRules: readonly ConnectorRule<"storage">[] = [
  ...KINDS.map(contentRule),
  {
    id: "storage.content.empty",
    connector: "storage",
    title: "keeps resources without content",
    because: "What is empty is there all the same: a host that is told otherwise takes the repository for damaged.",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const mac = macFor(`empty ${kind}`);
        const nothing = new Uint8Array(0);
        await client.put(kind, mac, nothing);
        await requireContent(client, kind, mac, nothing, `a ${kind} without content`);
      }
    },
  },
  {
    id: "storage.content.small-chunks",
    connector: "storage",
    title: "keeps what comes in many small chunks",
    because:
      "Hosts send states in chunks of a few bytes: one that is lost, or in the wrong place, is a wrong repository.",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const mac = macFor(`pieces ${kind}`);
        const content = contentFor(`pieces ${kind}`, 100_000);
        await client.put(kind, mac, inPieces(content, SMALL_PIECES));
        await requireContent(client, kind, mac, content, `a ${kind} that came in many small chunks`);
      }
    },
  },
  {
    id: "storage.put.count",
    connector: "storage",
    title: "answers a Put with the number of bytes written",
    because: "Hosts add it up to what a backup has written.",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        for (const size of [0, 1, 70_000]) {
          const name = `count ${kind} ${size}`;
          const written = await client.put(kind, macFor(name), inPieces(contentFor(name, size), [10_000]));
          requires(written === size, `the Put of a ${kind} of ${size} bytes was answered with ${written}`);
        }
      }
    },
  },
  {
    id: "storage.get.chunks",
    connector: "storage",
    title: "sends chunks of at most 1 MiB",
    because: "Hosts accept messages of 4 MiB at the most, and fail the read of a larger one.",
    async check(harness) {
      const { client } = await newRepository(harness);
      const mac = macFor("chunks");
      await client.put("packfile", mac, contentFor("chunks", 2 * MiB + 1000));
      for await (const { length } of client.get("packfile", mac)) {
        requires(length <= MiB, `a chunk has ${length} bytes, more than ${MiB}`);
      }
    },
  },
  {
    id: "storage.kinds.apart",
    connector: "storage",
    title: "keeps resources of one MAC and different kinds apart",
    because: "Kinds name their resources without knowing of each other: a lock would overwrite a packfile.",
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
          `the ${kind} whose MAC a state, a packfile and a lock share`,
        );
      }
    },
  },
];

function contentRule(kind: HostKind): ConnectorRule<"storage"> {
  return {
    id: `storage.content.${kind}`,
    connector: "storage",
    title: `gives ${kind}s of all sizes back byte for byte`,
    because: "What comes back is what is restored.",
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
