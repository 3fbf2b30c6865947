import type { ServiceImpl } from "@connectrpc/connect";
import type { ServedService } from "@kloset/wire/grpc";
import { USER_AGENTS } from "@kloset/host";
import { Mac, StoreMode, type ResourceKind } from "@kloset/model";
import { store as v1_0 } from "@kloset/protocol/v1.0";
import { store as v1_1 } from "@kloset/protocol/v1.1";
import { StoreSession, storeV1_0, storeV1_1, type ResourceStore } from "@kloset/storage";
import type { Launch } from "../launch.js";
import { launchInProcess, served } from "./in-process.js";

/** The state that outlives a plugin's processes, one for each location. */
export class Disk {
  config: Uint8Array | undefined;
  /** By {@link keyOf}. */
  readonly files = new Map<string, Uint8Array>();
  /** The number of Puts in progress, by process. */
  readonly putting = new Map<symbol, number>();
}

/** Returns the key of a resource on a disk. */
export function keyOf(kind: ResourceKind, mac: Mac): string {
  return `${kind} ${mac.hex}`;
}

/** Returns the error for a missing resource. */
export function notFound(kind: ResourceKind, mac: Mac): Error {
  return new Error(`${kind} not found: ${mac.hex}`);
}

/** Creates a store that keeps every rule. */
function soundStore(disk: Disk, location: string): ResourceStore {
  const { files } = disk;
  return {
    create: (config) => {
      disk.config = Uint8Array.from(config);
    },
    open: () => {
      if (disk.config === undefined) throw new Error(`there is no repository at ${location}`);
      return disk.config;
    },
    location: () => location,
    mode: () => StoreMode.READ | StoreMode.WRITE,
    size: () => [...files.values()].reduce((sum, { length }) => sum + length, 0),
    list: (kind) =>
      [...files.keys()]
        .filter((key) => key.startsWith(`${kind} `))
        .map((key) => Mac.fromHex(key.slice(kind.length + 1))),
    async put(kind, mac, data) {
      files.set(keyOf(kind, mac), await collect(data));
    },
    get(kind, mac, { range }) {
      const whole = files.get(keyOf(kind, mac));
      if (whole === undefined) throw notFound(kind, mac);
      return range === undefined ? whole : whole.subarray(range.offset, range.offset + range.length);
    },
    delete(kind, mac) {
      if (!files.delete(keyOf(kind, mac))) throw notFound(kind, mac);
    },
    close: () => undefined,
  };
}

/** Reads the content of a Put into memory. */
export async function collect(data: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of data) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

export type ServiceV1_0 = ServiceImpl<typeof v1_0.Store>;
export type ServiceV1_1 = ServiceImpl<typeof v1_1.Store>;

/** Returns the faulty methods that replace those of a sound store. */
export type StoreFault = (sound: ResourceStore, disk: Disk) => Partial<ResourceStore>;

/** One fault of a plugin, in its store or on the wire. */
export interface Fault {
  /** Changes the store of one process. */
  readonly store?: StoreFault;
  readonly v1_0?: (sound: ServiceV1_0) => Partial<ServiceV1_0>;
  readonly v1_1?: (sound: ServiceV1_1) => Partial<ServiceV1_1>;
}

/** Serves a store that is sound except for a fault, in the generation of the host. */
export function launchStorage(fault: Fault = {}): Launch {
  const disks = new Map<string, Disk>();
  const diskAt = (location: string): Disk => {
    const disk = disks.get(location) ?? new Disk();
    disks.set(location, disk);
    return disk;
  };
  return launchInProcess(() => {
    const session = new StoreSession();
    const factory = ({ location }: { readonly location: string }): ResourceStore => {
      const disk = diskAt(location);
      const sound = soundStore(disk, location);
      return { ...sound, ...fault.store?.(sound, disk) };
    };
    const serviceV1_0 = (): ServedService => {
      const sound = storeV1_0(factory, session);
      return served(v1_0.Store, { ...sound, ...fault.v1_0?.(sound) });
    };
    const serviceV1_1 = (): ServedService => {
      const sound = storeV1_1(factory, session);
      return served(v1_1.Store, { ...sound, ...fault.v1_1?.(sound) });
    };
    return {
      services: ({ userAgent }) => [userAgent === USER_AGENTS["v1.0"] ? serviceV1_0() : serviceV1_1()],
      close: async () => {
        session.abort();
        await session.end();
      },
    };
  });
}
