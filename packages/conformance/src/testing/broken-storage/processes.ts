import { Code, ConnectError } from "@connectrpc/connect";
import { collect, keyOf, notFound, type Disk, type ServiceV1_0, type ServiceV1_1 } from "../sound-storage.js";
import type { ResourceStore } from "@kloset/storage";
import type { Breakage } from "./breakage.js";

/** Storages with mistakes between processes, and after Close. */
export const processBreakages: readonly Breakage[] = [
  {
    rule: "storage.close.delete-follows",
    how: "rejects Delete after Close",
    v1_0: (sound: ServiceV1_0): Partial<ServiceV1_0> => {
      let closed = false;
      return {
        close: (request, context) => {
          closed = true;
          return sound.close(request, context);
        },
        deleteLock: (request, context) => {
          if (closed) throw new ConnectError("closed", Code.Unknown);
          return sound.deleteLock(request, context);
        },
      };
    },
    v1_1: (sound: ServiceV1_1): Partial<ServiceV1_1> => {
      let closed = false;
      return {
        close: (request, context) => {
          closed = true;
          return sound.close(request, context);
        },
        delete: (request, context) => {
          if (closed) throw new ConnectError("closed", Code.Unknown);
          return sound.delete(request, context);
        },
      };
    },
  },
  {
    rule: "storage.close.delete-follows",
    how: "answers Delete after Close with success, without deleting",
    generations: ["v1.1"],
    v1_1: (sound: ServiceV1_1): Partial<ServiceV1_1> => {
      let closed = false;
      return {
        close: (request, context) => {
          closed = true;
          return sound.close(request, context);
        },
        delete: (request, context) => (closed ? {} : sound.delete(request, context)),
      };
    },
  },
  {
    rule: "storage.reopen.config",
    how: "returns another configuration in a process that did not create the repository",
    store: (sound: ResourceStore, disk: Disk): Partial<ResourceStore> => {
      let made = false;
      return {
        create: (config) => {
          made = true;
          return sound.create(config);
        },
        open: async () => (made || disk.config === undefined ? await sound.open() : new Uint8Array(3)),
      };
    },
  },
  {
    rule: "storage.reopen.content",
    how: "keeps the end of large resources only in memory",
    store: (sound: ResourceStore, disk: Disk): Partial<ResourceStore> => {
      const ends = new Map<string, Uint8Array>();
      return {
        async put(kind, mac, data) {
          const bytes = await collect(data);
          ends.set(keyOf(kind, mac), bytes);
          disk.files.set(keyOf(kind, mac), bytes.subarray(0, 1_000_000));
        },
        async get(kind, mac, context) {
          const { range } = context;
          const whole = ends.get(keyOf(kind, mac));
          if (whole === undefined || !disk.files.has(keyOf(kind, mac))) return sound.get(kind, mac, context);
          return range === undefined ? whole : whole.subarray(range.offset, range.offset + range.length);
        },
      };
    },
  },
  {
    rule: "storage.processes.see-each-other",
    how: "reads the disk only when it starts",
    store: (sound: ResourceStore, disk: Disk): Partial<ResourceStore> => {
      const seen = new Set(disk.files.keys());
      return {
        list: async (kind, context) => {
          const macs = await sound.list(kind, context);
          const shown = [];
          for await (const mac of macs) if (seen.has(keyOf(kind, mac))) shown.push(mac);
          return shown;
        },
        put: (kind, mac, data, context) => {
          seen.add(keyOf(kind, mac));
          return sound.put(kind, mac, data, context);
        },
        get: (kind, mac, context) => {
          if (!seen.has(keyOf(kind, mac))) throw notFound(kind, mac);
          return sound.get(kind, mac, context);
        },
      };
    },
  },
  {
    rule: "storage.processes.put-at-once",
    how: "damages resources while another process puts",
    store: (sound: ResourceStore, disk: Disk): Partial<ResourceStore> => {
      const self = Symbol("process");
      return {
        async put(kind, mac, data) {
          disk.putting.set(self, (disk.putting.get(self) ?? 0) + 1);
          try {
            const bytes = await collect(data);
            const others = [...disk.putting].some(([process, count]) => process !== self && count > 0);
            disk.files.set(keyOf(kind, mac), others ? bytes.subarray(1) : bytes);
          } finally {
            disk.putting.set(self, (disk.putting.get(self) ?? 0) - 1);
          }
        },
      };
    },
  },
];
