import { Code, ConnectError } from "@connectrpc/connect";
import { Mac } from "@kloset/model";
import { keyOf, type Disk, type ServiceV1_0 } from "../sound-storage.js";
import type { ResourceStore } from "@kloset/storage";
import type { ServiceV1_1 } from "../sound-storage.js";
import type { Breakage } from "./breakage.js";

/** On the wire, because the SDK asks a store for its mode once. */
function modeOnce(sound: ServiceV1_1): Partial<ServiceV1_1> {
  let requests = 0;
  return { mode: async (request, context) => (requests++ === 0 ? await sound.mode(request, context) : { mode: 0 }) };
}

/** Storages with mistakes in what they report, list, and answer for missing resources. */
export const answerBreakages: readonly Breakage[] = [
  {
    rule: "storage.open.before-create",
    how: "opens a repository that was never created",
    store: (sound, disk) => ({ open: () => disk.config ?? new Uint8Array(0) }),
  },
  {
    rule: "storage.location.named",
    how: "reports an empty location or root",
    v1_0: () => ({ getLocation: () => ({ location: "" }) }),
    v1_1: (sound) => ({
      init: async (request, context) => ({ ...(await sound.init(request, context)), type: "fs", root: "" }),
    }),
  },
  { rule: "storage.mode.read-write", how: "reports a mode without the read bit", store: () => ({ mode: () => 2 }) },
  {
    rule: "storage.mode.read-write",
    how: "reports a mode without the write bit",
    store: () => ({ mode: () => 4 }),
    generations: ["v1.1"],
  },
  {
    rule: "storage.mode.repeated",
    how: "reports its mode once",
    generations: ["v1.1"],
    v1_1: modeOnce,
  },
  {
    rule: "storage.flags.unknown",
    how: "rejects storage flags that it does not know",
    generations: ["v1.1"],
    v1_1: (sound) => ({
      list: async (request, context) => {
        const flags: number = request.flags;
        if (flags > 1) throw new ConnectError("unknown flags", Code.Unknown);
        return await sound.list(request, context);
      },
    }),
  },
  {
    rule: "storage.size.sane",
    how: "reports a negative size",
    v1_0: () => ({ getSize: () => ({ size: -2n }) }),
    v1_1: () => ({ size: () => ({ size: -2n }) }),
  },
  {
    rule: "storage.ping",
    how: "answers Ping with an error",
    generations: ["v1.1"],
    store: () => ({
      ping: () => {
        throw new Error("unreachable");
      },
    }),
  },
  {
    rule: "storage.list.empty",
    how: "lists a lock that was never put",
    store: (sound, disk) => ({
      list: (kind, context) =>
        disk.files.size === 0 && kind === "lock" ? [Mac.fromBytes(new Uint8Array(32))] : sound.list(kind, context),
    }),
  },
  {
    rule: "storage.list.exact",
    how: "lists at most 100 resources",
    store: (sound) => ({
      list: async (kind, context) => [...((await sound.list(kind, context)) as Iterable<Mac>)].slice(0, 100),
    }),
  },
  {
    rule: "storage.list.exact",
    how: "lists a resource twice",
    generations: ["v1.1"],
    store: (sound) => ({
      list: async (kind, context) => {
        const macs = [...((await sound.list(kind, context)) as Iterable<Mac>)];
        return macs.length < 100 ? macs : [...macs, ...macs.slice(0, 1)];
      },
    }),
  },
  {
    rule: "storage.list.exact",
    how: "lists a MAC of 31 bytes",
    v1_1: (sound) => ({
      list: async (request, context) => {
        const { macs = [] } = await sound.list(request, context);
        return macs.length < 100 ? { macs } : { macs: [...macs, new Uint8Array(31)] };
      },
    }),
    generations: ["v1.1"],
  },
  {
    rule: "storage.get.missing",
    how: "returns nothing for a missing state",
    store: (sound: ResourceStore, disk: Disk): Partial<ResourceStore> => {
      // Resources that existed, or are being put, are the matter of other rules.
      let used = false;
      return {
        put: (kind, mac, data, context) => {
          used = true;
          return sound.put(kind, mac, data, context);
        },
        get: (kind, mac, context) =>
          kind === "state" && !used && !disk.files.has(keyOf(kind, mac))
            ? new Uint8Array(0)
            : sound.get(kind, mac, context),
      };
    },
  },
  {
    rule: "storage.get.missing",
    how: "answers an error without a message for a missing state",
    generations: ["v1.0"],
    v1_0: (sound: ServiceV1_0): Partial<ServiceV1_0> => {
      let used = false;
      return {
        putState: (messages, context) => {
          used = true;
          return sound.putState(messages, context);
        },
        async *getState(request, context) {
          try {
            yield* sound.getState(request, context);
          } catch (error) {
            throw used ? error : new ConnectError("", Code.Unknown);
          }
        },
      };
    },
  },
  {
    rule: "storage.range.missing",
    how: "returns nothing for a range of a missing packfile",
    store: (sound, disk) => ({
      get: (kind, mac, context) =>
        context.range !== undefined && !disk.files.has(keyOf(kind, mac))
          ? new Uint8Array(0)
          : sound.get(kind, mac, context),
    }),
  },
  {
    rule: "storage.delete.gone",
    how: "does not delete states",
    store: (sound) => ({
      delete: (kind, mac, context) => (kind === "state" ? undefined : sound.delete(kind, mac, context)),
    }),
  },
  {
    rule: "storage.delete.others-stay",
    how: "deletes all kinds of resources with the MAC",
    store: (sound, disk) => ({
      delete: (kind, mac) => {
        for (const each of ["packfile", "state", "lock"] as const) disk.files.delete(keyOf(each, mac));
      },
    }),
  },
  {
    rule: "storage.delete.missing",
    how: "never answers Delete of a missing resource",
    hangs: true,
    store: (sound, disk) => ({
      delete: (kind, mac) => (disk.files.delete(keyOf(kind, mac)) ? undefined : new Promise<never>(() => undefined)),
    }),
  },
];
