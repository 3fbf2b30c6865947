import type { StorageClient } from "@kloset/host";
import type { Mac, Range, ResourceKind } from "@kloset/model";
import { requireSameBytes } from "../../bytes.js";
import { KLOSET_1_1_4_HOSTS, NO_HOSTS } from "../../levels.js";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { newRepository, read } from "./repository.js";
import { answer } from "./refusals.js";
import { contentFor, macFor, MiB } from "./resources.js";

/** The longest range of hosts that merge the ranges of neighbouring blobs, and the number of ranges at once. */
const MERGED_BYTES = 4 * MiB;
const MERGED_AT_ONCE = 8;

const because =
  "hosts read nearly all content as ranges of packfiles: wrong bytes belong to another file, and padding damages the file";

/** Rules about ranges. */
export const rangeRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.range.exact",
    connector: "storage",
    title: "returns exactly the requested range of a packfile",
    because,
    async check(harness) {
      const { client } = await newRepository(harness);
      const size = MiB + 5000;
      const { mac, content } = await packfile(client, size);
      const ranges: readonly (readonly [offset: number, length: number])[] = [
        ...([
          [0, 1],
          [0, 17],
          [0, 2000],
        ] as const),
        ...([
          [1, 100],
          [4095, 2],
          [65_535, 1999],
          [777_777, 1234],
          [MiB - 8, 17],
          [MiB, 500],
        ] as const),
        ...([
          [size - 2000, 2000],
          [size - 17, 17],
          [size - 1, 1],
        ] as const),
      ];
      for (const [offset, length] of ranges) await requireRange(client, "packfile", mac, content, { offset, length });
      const small = await packfile(client, 1000);
      await requireRange(client, "packfile", small.mac, small.content, { offset: 0, length: 1000 });
    },
  },
  {
    id: "storage.range.large",
    connector: "storage",
    title: "returns ranges of several MiB",
    because,
    async check(harness) {
      const { client } = await newRepository(harness);
      const { mac, content } = await packfile(client, 2_300_000);
      await requireRange(client, "packfile", mac, content, { offset: 100, length: 2_272_360 });
    },
  },
  {
    id: "storage.range.at-once",
    connector: "storage",
    title: `returns ${MERGED_AT_ONCE} ranges of 4 MiB that are requested at once`,
    because: "newer hosts merge the ranges of a file and read several at once: mixed up bytes damage the restored file",
    hosts: KLOSET_1_1_4_HOSTS,
    generations: ["v1.1"],
    async check(harness) {
      const { client } = await newRepository(harness);
      // Neighbours overlap by a byte, so that no two ranges are equal to parts that a plugin may have cached.
      const offsets = Array.from({ length: MERGED_AT_ONCE }, (_, index) => index * (MERGED_BYTES - 1));
      const { mac, content } = await packfile(client, MERGED_AT_ONCE * MERGED_BYTES);
      await Promise.all(
        offsets.map((offset) => requireRange(client, "packfile", mac, content, { offset, length: MERGED_BYTES })),
      );
      await client.delete("packfile", mac);
    },
  },
  {
    id: "storage.range.empty",
    connector: "storage",
    title: "returns no bytes for a range of length zero",
    because,
    hosts: NO_HOSTS,
    async check(harness) {
      const { client } = await newRepository(harness);
      const { mac } = await packfile(client, 10_000);
      for (const offset of [0, 5000]) await requireNothing(client, mac, { offset, length: 0 });
    },
  },
  {
    id: "storage.range.past-end",
    connector: "storage",
    title: "never invents bytes after the end of a packfile",
    because,
    hosts: NO_HOSTS,
    async check(harness) {
      const { client } = await newRepository(harness);
      const { mac, content } = await packfile(client, 10_000);
      for (const [offset, length] of [
        [9990, 100],
        [1, 10_000],
        [0, 50_000],
      ] as const) {
        const what = rangeText({ offset, length }, content.length);
        const outcome = await answer(read(client, "packfile", mac, { offset, length }));
        if ("refusal" in outcome) continue;
        const left = content.subarray(offset);
        requires(
          outcome.value.length <= left.length,
          `${what}: received ${outcome.value.length} bytes, but only ${left.length} exist`,
        );
        requireSameBytes(outcome.value, left.subarray(0, outcome.value.length), what);
      }
      for (const offset of [10_000, 20_000]) await requireNothing(client, mac, { offset, length: 17 });
    },
  },
  {
    id: "storage.range.far",
    connector: "storage",
    title: "returns no bytes for offsets beyond any packfile, even above 2^53",
    because: "an offset that wraps around or is rounded yields the bytes of another file",
    hosts: NO_HOSTS,
    async check(harness) {
      const { client } = await newRepository(harness);
      const { mac } = await packfile(client, 10_000);
      // At 2^32 offsets wrap to 0, at 2^63 they become negative; the last is the largest double that fits a uint64.
      for (const offset of [2 ** 32, 2 ** 53 + 2, 2 ** 63, 2 ** 64 - 2048]) {
        await requireNothing(client, mac, { offset, length: 17 });
      }
    },
  },
  {
    id: "storage.range.other-kinds",
    connector: "storage",
    title: "returns exactly the requested range of a state or a lock, or rejects the request",
    because: "every Get can have a range: a plugin that ignores it returns the wrong bytes",
    hosts: NO_HOSTS,
    generations: ["v1.1"],
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of ["state", "lock"] as const) {
        const mac = macFor(`range ${kind}`);
        const content = contentFor(`range ${kind}`, 10_000);
        await client.put(kind, mac, content);
        for (const [offset, length] of [
          [0, 17],
          [4000, 2000],
          [9999, 1],
        ] as const) {
          const outcome = await answer(read(client, kind, mac, { offset, length }));
          if ("refusal" in outcome) continue;
          const expected = content.subarray(offset, offset + length);
          requireSameBytes(outcome.value, expected, `${rangeText({ offset, length }, content.length)} of a ${kind}`);
        }
      }
    },
  },
];

async function packfile(client: StorageClient, size: number): Promise<{ mac: Mac; content: Uint8Array }> {
  const name = `packfile of ${size}`;
  const content = contentFor(name, size);
  await client.put("packfile", macFor(name), content);
  return { mac: macFor(name), content };
}

async function requireRange(
  client: StorageClient,
  kind: ResourceKind,
  mac: Mac,
  content: Uint8Array,
  range: Range,
): Promise<void> {
  const expected = content.subarray(range.offset, range.offset + range.length);
  requireSameBytes(await read(client, kind, mac, range), expected, rangeText(range, content.length));
}

async function requireNothing(client: StorageClient, mac: Mac, range: Range): Promise<void> {
  const outcome = await answer(read(client, "packfile", mac, range));
  const bytes = "refusal" in outcome ? 0 : outcome.value.length;
  requires(bytes === 0, `offset ${range.offset}, length ${range.length}: received ${bytes} bytes, but none exist`);
}

function rangeText({ offset, length }: Range, size: number): string {
  return `${length} bytes at offset ${offset} of ${size}`;
}
