import type { Mac, ResourceKind } from "@kloset/model";
import { STORED_SIZE } from "../../rules/storage/content.js";
import { collect, keyOf, notFound, type Disk, type StoreFault } from "../sound-storage.js";
import type { ResourceStore } from "@kloset/storage";
import type { Breakage } from "./breakage.js";

/** Keeps partial content if the rest fails with a matching error. */
function keepingHalf(when: (error: Error) => boolean): StoreFault {
  return (sound, disk) => ({
    async put(kind, mac, data) {
      const chunks: Uint8Array[] = [];
      try {
        for await (const chunk of data) chunks.push(Uint8Array.from(chunk));
      } catch (error) {
        if (!when(error as Error)) throw error;
      }
      disk.files.set(keyOf(kind, mac), Buffer.concat(chunks));
    },
  });
}

const isCancelled = ({ message }: Error): boolean => message.includes("cancelled");

function fileOf({ files }: Disk, kind: ResourceKind, mac: Mac): Uint8Array {
  const whole = files.get(keyOf(kind, mac));
  if (whole === undefined) throw notFound(kind, mac);
  return whole;
}

/** Storages with mistakes in concurrent and interrupted calls. */
export const concurrencyBreakages: readonly Breakage[] = [
  {
    rule: "storage.put.replaces",
    how: "overwrites the old content without truncating it",
    store: (sound, disk) => ({
      async put(kind, mac, data) {
        const bytes = await collect(data);
        const old = disk.files.get(keyOf(kind, mac)) ?? new Uint8Array(0);
        // Only for the length that this rule uses, so that other rules pass.
        const left = old.length === 70_000 ? old.subarray(bytes.length) : new Uint8Array(0);
        disk.files.set(keyOf(kind, mac), Buffer.concat([bytes, left]));
      },
    }),
  },
  {
    rule: "storage.put.unseen-until-whole",
    how: "writes a new resource directly under its final name",
    store: (sound, disk) => ({
      async put(kind, mac, data) {
        const key = keyOf(kind, mac);
        const old = disk.files.get(key);
        const chunks: Uint8Array[] = [];
        try {
          for await (const chunk of data) {
            chunks.push(Uint8Array.from(chunk));
            if (old === undefined && chunks.length === 1) disk.files.set(key, chunk);
          }
        } catch (error) {
          if (old === undefined) disk.files.delete(key);
          throw error;
        }
        disk.files.set(key, Buffer.concat(chunks));
      },
    }),
  },
  {
    rule: "storage.put.old-until-new",
    how: "deletes the old content before the new one arrives",
    store: (sound, disk) => ({
      async put(kind, mac, data) {
        const key = keyOf(kind, mac);
        const old = disk.files.get(key);
        disk.files.delete(key);
        try {
          disk.files.set(key, await collect(data));
        } catch (error) {
          if (old !== undefined) disk.files.set(key, old);
          throw error;
        }
      },
    }),
  },
  {
    rule: "storage.get.while-replaced",
    how: "looks the content up for each chunk",
    store: (sound, disk) => ({
      get(kind, mac, context) {
        if (context.range !== undefined) return sound.get(kind, mac, context);
        fileOf(disk, kind, mac);
        return (async function* () {
          const size = 256 * 1024;
          for (let at = 0; at < fileOf(disk, kind, mac).length; at += size)
            yield fileOf(disk, kind, mac).subarray(at, at + size);
        })();
      },
    }),
  },
  { rule: "storage.put.cancelled", how: "keeps the content of a cancelled Put", store: keepingHalf(isCancelled) },
  {
    rule: "storage.put.host-gone",
    how: "takes the end of the connection for the end of the content",
    store: keepingHalf((error) => !isCancelled(error)),
  },
  {
    rule: "storage.put.parallel",
    how: "damages resources when six are put at once",
    store: (sound: ResourceStore, disk: Disk): Partial<ResourceStore> => {
      let putting = 0;
      return {
        async put(kind, mac, data) {
          putting++;
          try {
            const bytes = await collect(data);
            // Spare the resources of other rules that put in parallel: small ones of List, and those of put.stored.
            const isSpared = bytes.length <= 1000 || bytes.length === STORED_SIZE;
            disk.files.set(keyOf(kind, mac), putting >= 6 && !isSpared ? bytes.reverse() : bytes);
          } finally {
            putting--;
          }
        },
      };
    },
  },
  {
    rule: "storage.put.same-mac",
    how: "uses the same temporary file for all Puts of a resource",
    store: (sound: ResourceStore, disk: Disk): Partial<ResourceStore> => {
      const work = new Map<string, Uint8Array[]>();
      return {
        async put(kind, mac, data) {
          const key = keyOf(kind, mac);
          const chunks = work.get(key) ?? [];
          work.set(key, chunks);
          try {
            for await (const chunk of data) chunks.push(Uint8Array.from(chunk));
            disk.files.set(key, Buffer.concat(chunks));
          } finally {
            work.delete(key);
          }
        },
      };
    },
  },
  {
    rule: "storage.get.parallel",
    how: "uses one buffer for all Gets",
    store: (sound: ResourceStore, disk: Disk): Partial<ResourceStore> => {
      let reading = 0;
      return {
        get(kind, mac, context) {
          if (context.range !== undefined) return sound.get(kind, mac, context);
          const whole = fileOf(disk, kind, mac);
          return (async function* () {
            reading++;
            try {
              for (let at = 0; at < whole.length; at += 65_536) {
                const chunk = Uint8Array.from(whole.subarray(at, at + 65_536));
                yield reading >= 6 ? chunk.reverse() : chunk;
              }
            } finally {
              reading--;
            }
          })();
        },
      };
    },
  },
  {
    rule: "storage.get.cancelled",
    how: "keeps a resource locked after a cancelled Get",
    store: (sound: ResourceStore, disk: Disk): Partial<ResourceStore> => {
      const locked = new Set<string>();
      return {
        get(kind, mac, context) {
          const whole = fileOf(disk, kind, mac);
          const key = keyOf(kind, mac);
          if (locked.has(key)) throw new Error(`${key} is being read`);
          if (context.range !== undefined) return sound.get(kind, mac, context);
          return (async function* () {
            let over = false;
            try {
              for (let at = 0; at < whole.length; at += 65_536) yield whole.subarray(at, at + 65_536);
              over = true;
            } finally {
              if (!over) locked.add(key);
            }
          })();
        },
      };
    },
  },
  {
    rule: "storage.get.slow-reader",
    how: "reads one resource at a time",
    hangs: true,
    store: (sound: ResourceStore, disk: Disk): Partial<ResourceStore> => {
      let last: Promise<void> = Promise.resolve();
      return {
        get(kind, mac, { range }) {
          const file = fileOf(disk, kind, mac);
          const whole = range === undefined ? file : file.subarray(range.offset, range.offset + range.length);
          return (async function* () {
            const before = last;
            let release = (): void => undefined;
            last = new Promise((resolve) => {
              release = resolve;
            });
            try {
              await before;
              for (let at = 0; at < whole.length; at += 65_536) yield whole.subarray(at, at + 65_536);
            } finally {
              release();
            }
          })();
        },
      };
    },
  },
];
