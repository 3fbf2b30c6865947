import type { StorageClient } from "@kloset/host";
import type { Mac, Range, ResourceKind } from "@kloset/model";
import { requireSameBytes } from "../../bytes.js";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { newRepository, read } from "./repository.js";
import { answer } from "./refusals.js";
import { contentFor, macFor, MiB } from "./resources.js";

const because =
  "Hosts read nearly everything by ranges of packfiles: other bytes are another file's, and padding is a damaged one.";

/** Parts of resources. */
export const rangeRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.range.exact",
    connector: "storage",
    title: "gives exactly the part of a packfile that is asked for",
    because,
    async check(harness) {
      const { client } = await newRepository(harness);
      const size = MiB + 5000;
      const { mac, content } = await packfile(client, size);
      const parts: readonly (readonly [offset: number, length: number])[] = [
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
      for (const [offset, length] of parts) await requirePart(client, "packfile", mac, content, { offset, length });
      const small = await packfile(client, 1000);
      await requirePart(client, "packfile", small.mac, small.content, { offset: 0, length: 1000 });
    },
  },
  {
    id: "storage.range.large",
    connector: "storage",
    title: "gives parts of several MiB",
    because,
    async check(harness) {
      const { client } = await newRepository(harness);
      const { mac, content } = await packfile(client, 2_300_000);
      await requirePart(client, "packfile", mac, content, { offset: 100, length: 2_272_360 });
    },
  },
  {
    id: "storage.range.empty",
    connector: "storage",
    title: "gives no byte for a part of length zero",
    because,
    async check(harness) {
      const { client } = await newRepository(harness);
      const { mac } = await packfile(client, 10_000);
      for (const offset of [0, 5000]) await requireNothing(client, mac, { offset, length: 0 });
    },
  },
  {
    id: "storage.range.past-end",
    connector: "storage",
    title: "never makes up bytes behind the end of a packfile",
    because,
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
          `${what}: ${outcome.value.length} bytes came, and there are ${left.length}`,
        );
        requireSameBytes(outcome.value, left.subarray(0, outcome.value.length), what);
      }
      for (const offset of [10_000, 20_000]) await requireNothing(client, mac, { offset, length: 17 });
    },
  },
  {
    id: "storage.range.far",
    connector: "storage",
    title: "gives no byte for an offset that no packfile has, above 2^53 too",
    because: "An offset that wraps around, or is rounded, gives another file's bytes.",
    async check(harness) {
      const { client } = await newRepository(harness);
      const { mac } = await packfile(client, 10_000);
      // 2^32 and 2^63 are where offsets wrap to 0 and below; the last is the largest that is both a double and an uint64.
      for (const offset of [2 ** 32, 2 ** 53 + 2, 2 ** 63, 2 ** 64 - 2048]) {
        await requireNothing(client, mac, { offset, length: 17 });
      }
    },
  },
  {
    id: "storage.range.other-kinds",
    connector: "storage",
    title: "gives exactly the part of a state or a lock that is asked for, or refuses",
    because: "The range is part of every Get: a plugin that overlooks it answers other bytes than those asked for.",
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

async function requirePart(
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
  requires(bytes === 0, `offset ${range.offset}, length ${range.length}: ${bytes} bytes came, and there are none`);
}

function rangeText({ offset, length }: Range, size: number): string {
  return `${length} bytes at offset ${offset} of ${size}`;
}
