import { store as v1_1 } from "@kloset/protocol/v1.1";
import type { Range } from "@kloset/model";
import type { ResourceStore } from "@kloset/storage";
import type { StoreFault } from "../sound-storage.js";
import type { Breakage } from "./breakage.js";

const MERGED_BYTES = 4 * 1024 * 1024;

/** A store that changes the ranges of packfiles. */
function changingRange(change: (range: Range, size: number) => Range): StoreFault {
  return (sound) => ({
    async get(kind, mac, { range, signal, hot }) {
      const whole = (await sound.get(kind, mac, { signal, hot })) as Uint8Array;
      if (range === undefined) return whole;
      const { offset, length } = kind === "packfile" ? change(range, whole.length) : range;
      return whole.subarray(offset, offset + length);
    },
  });
}

/** Storages with mistakes in ranges. */
export const rangeBreakages: readonly Breakage[] = [
  {
    rule: "storage.range.exact",
    how: "loses the last byte of a range at the end of the packfile",
    store: changingRange(({ offset, length }, size) => ({
      offset,
      length: length <= 2000 && offset + length === size ? length - 1 : length,
    })),
  },
  {
    rule: "storage.range.exact",
    how: "starts one byte late in the second MiB",
    store: changingRange(({ offset, length }) => ({
      offset: offset >= 1024 * 1024 && length > 100 && offset < 2 ** 21 ? offset + 1 : offset,
      length,
    })),
    generations: ["v1.0"],
  },
  {
    rule: "storage.range.large",
    how: "returns at most 1 MiB",
    store: changingRange(({ offset, length }) => ({
      offset,
      length: length < MERGED_BYTES ? Math.min(length, 1024 * 1024) : length,
    })),
  },
  {
    rule: "storage.range.at-once",
    how: "mixes up ranges that are read at once",
    generations: ["v1.1"],
    store: (sound: ResourceStore): Partial<ResourceStore> => {
      let first: number | undefined;
      return {
        async get(kind, mac, context) {
          const { range } = context;
          if (range?.length !== MERGED_BYTES) return await sound.get(kind, mac, context);
          first ??= range.offset;
          return await sound.get(kind, mac, {
            signal: context.signal,
            hot: context.hot,
            range: { ...range, offset: first },
          });
        },
      };
    },
  },
  {
    rule: "storage.range.empty",
    how: "treats a length of zero as the rest",
    v1_0: (sound) => ({
      getPackfileBlob: (request, context) =>
        sound.getPackfileBlob(request.length === 0 ? { ...request, length: 100_000 } : request, context),
    }),
    v1_1: (sound) => ({
      get: (request, context) =>
        sound.get(
          request.range?.length === 0 ? { ...request, range: { ...request.range, length: 100_000 } } : request,
          context,
        ),
    }),
  },
  {
    rule: "storage.range.past-end",
    how: "pads a range with zeros",
    store: (sound) => ({
      async get(kind, mac, context) {
        const { range } = context;
        const bytes = (await sound.get(kind, mac, context)) as Uint8Array;
        if (range === undefined || bytes.length === 0 || bytes.length === range.length) return bytes;
        return Buffer.concat([bytes, Buffer.alloc(range.length - bytes.length)]);
      },
    }),
  },
  {
    rule: "storage.range.past-end",
    how: "starts over after the end",
    store: changingRange(({ offset, length }, size) => ({ offset: offset === 2 * size ? 0 : offset, length })),
    generations: ["v1.1"],
  },
  {
    rule: "storage.range.far",
    how: "uses only the low 32 bits of an offset",
    store: changingRange(({ offset, length }) => ({ offset: offset % 2 ** 32, length })),
  },
  {
    rule: "storage.range.far",
    how: "treats offsets from 2^63 on as negative, and negative ones as 0",
    v1_1: (sound) => ({
      get: (request, context) => {
        const { range } = request;
        const negative = range !== undefined && range.offset >= 2n ** 63n;
        return sound.get(negative ? { ...request, range: { ...range, offset: 0n } } : request, context);
      },
    }),
    generations: ["v1.1"],
  },
  {
    rule: "storage.range.other-kinds",
    how: "ignores the range of a state",
    generations: ["v1.1"],
    v1_1: (sound) => ({
      get: (request, context) => {
        const { range, ...whole } = request;
        return sound.get(request.type === v1_1.StorageResource.STATE && range !== undefined ? whole : request, context);
      },
    }),
  },
];
