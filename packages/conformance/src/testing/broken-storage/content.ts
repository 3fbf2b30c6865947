import type { ResourceKind } from "@kloset/model";
import type { ResourceStore } from "@kloset/storage";
import { collect, keyOf, type Disk, type StoreFault } from "../sound-storage.js";
import { STORED_SIZE } from "../../rules/storage/content.js";
import type { Breakage } from "./breakage.js";

const MiB = 1024 * 1024;

/** A store that returns changed content. */
function changingGet(change: (whole: Uint8Array, kind: ResourceKind) => Uint8Array): StoreFault {
  return (sound) => ({
    async get(kind, mac, context) {
      const bytes = (await sound.get(kind, mac, context)) as Uint8Array;
      return context.range === undefined ? change(bytes, kind) : bytes;
    },
  });
}

/** A store that keeps changed content. */
function changingPut(
  change: (sound: ResourceStore, kind: ResourceKind, bytes: Uint8Array, chunks: number) => Uint8Array,
): StoreFault {
  return (sound, disk) => ({
    async put(kind, mac, data) {
      let chunks = 0;
      const counted = (async function* () {
        for await (const chunk of data) {
          chunks++;
          yield chunk;
        }
      })();
      const bytes = await collect(counted);
      disk.files.set(keyOf(kind, mac), change(sound, kind, bytes, chunks));
    },
  });
}

const loseLastByte = (wanted: ResourceKind, size: number): StoreFault =>
  changingGet((whole, kind) => (kind === wanted && whole.length === size ? whole.subarray(0, -1) : whole));

/** Storages with mistakes in content. */
export const contentBreakages: readonly Breakage[] = [
  {
    rule: "storage.config.bytes",
    how: "keeps the configuration as text",
    store: (sound, disk) => ({
      create: (config) => {
        disk.config = Buffer.from(Buffer.from(config).toString("utf8"));
      },
    }),
  },
  {
    rule: "storage.config.bytes",
    how: "strips the end of the configuration",
    store: (sound, disk) => ({
      create: (config) => {
        const padded = config.at(-1) === 0;
        disk.config = padded ? config.slice(0, -1) : config.slice();
      },
    }),
  },
  {
    rule: "storage.config.large",
    how: "reads at most 64 KiB of the configuration",
    store: (sound) => ({ open: async () => (await sound.open()).subarray(0, 65_536) }),
  },
  {
    rule: "storage.content.packfile",
    how: "loses the last byte of large packfiles",
    store: loseLastByte("packfile", 5 * MiB + 17),
  },
  {
    rule: "storage.content.state",
    how: "loses the last byte of large states",
    store: loseLastByte("state", 5 * MiB + 17),
  },
  { rule: "storage.content.lock", how: "loses the last byte of large locks", store: loseLastByte("lock", MiB + 1) },
  {
    rule: "storage.content.packfile",
    how: "rounds packfiles up to whole blocks",
    store: changingPut((sound, kind, bytes) =>
      kind === "packfile" && bytes.length === MiB - 1 ? Buffer.concat([bytes, Buffer.alloc(1)]) : bytes,
    ),
  },
  {
    rule: "storage.content.empty",
    how: "does not find empty resources",
    store: changingGet((whole, kind) => {
      if (whole.length === 0) throw new Error(`${kind} not found`);
      return whole;
    }),
  },
  {
    rule: "storage.content.small-chunks",
    how: "loses the last byte of a resource in many chunks",
    store: changingPut((sound, kind, bytes, chunks) => (chunks > 100 ? bytes.subarray(0, -1) : bytes)),
  },
  {
    rule: "storage.put.stored",
    how: "stores a resource after it has answered",
    store: (_sound: ResourceStore, disk: Disk): Partial<ResourceStore> => {
      const later = new Map<string, Uint8Array>();
      return {
        async put(kind, mac, data) {
          const bytes = await collect(data);
          (bytes.length === STORED_SIZE ? later : disk.files).set(keyOf(kind, mac), bytes);
        },
        close: () => {
          for (const [key, bytes] of later) disk.files.set(key, bytes);
        },
      };
    },
  },
  {
    rule: "storage.put.count",
    how: "reports the wrong number of bytes",
    v1_0: (sound) => ({
      putLock: async (messages, context) => ({ ...(await sound.putLock(messages, context)), bytesWritten: 7n }),
    }),
    v1_1: (sound) => ({
      put: async (messages, context) => ({ ...(await sound.put(messages, context)), bytesWritten: 7n }),
    }),
  },
  {
    rule: "storage.get.chunks",
    how: "sends chunks of 2 MiB",
    v1_0: (sound) => ({ getPackfile: (request, context) => inPairs(sound.getPackfile(request, context)) }),
    v1_1: (sound) => ({ get: (request, context) => inPairs(sound.get(request, context)) }),
  },
  {
    rule: "storage.kinds.apart",
    how: "overwrites the state that has the MAC of a lock",
    store: (sound, disk) => ({
      async put(kind, mac, data) {
        const bytes = await collect(data);
        const state = keyOf("state", mac);
        if (kind === "lock" && disk.files.has(state)) disk.files.set(state, bytes);
        disk.files.set(keyOf(kind, mac), bytes);
      },
    }),
  },
  {
    rule: "storage.ecc.kept",
    how: "keeps ECC states as states",
    generations: ["v1.1"],
    store: (sound) => ({
      put: (kind, mac, data, context) => sound.put(kind === "ecc-state" ? "state" : kind, mac, data, context),
    }),
  },
];

async function* inPairs(
  chunks: AsyncIterable<{ chunk?: Uint8Array | undefined }>,
): AsyncGenerator<{ chunk: Uint8Array }> {
  let held: Uint8Array | undefined;
  for await (const { chunk = new Uint8Array(0) } of chunks) {
    if (held === undefined) {
      held = Uint8Array.from(chunk);
      continue;
    }
    yield { chunk: Buffer.concat([held, chunk]) };
    held = undefined;
  }
  if (held !== undefined) yield { chunk: held };
}
