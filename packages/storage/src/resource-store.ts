import { chunksOf, describe, sliceOf, unimplemented } from "@kloset/adapter";
import type { Awaitable, ByteSource, ByteStream, Mac, Range, ResourceKind } from "@kloset/model";
import type { ResourceStore, Store } from "./store.js";

/** The part of a store that both shapes share after mapping. */
export type Resources = Pick<ResourceStore, "list" | "put" | "get" | "delete">;

/**
 * Maps the nineteen methods onto the four functions. A store that has the four
 * is used as it is.
 */
export function resourcesOf(store: Store | ResourceStore): Resources {
  if ("list" in store && typeof store.list === "function") return store;
  return new StoreResources(store as Store);
}

interface Methods {
  readonly list: () => Awaitable<Iterable<Mac> | AsyncIterable<Mac>>;
  readonly put: (mac: Mac, data: ByteStream) => Awaitable<number | void>;
  readonly get: (mac: Mac, signal: AbortSignal) => Awaitable<ByteSource>;
  readonly delete: (mac: Mac) => Awaitable<void>;
}

class StoreResources implements Resources {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  list(kind: ResourceKind): Awaitable<Iterable<Mac> | AsyncIterable<Mac>> {
    return this.#methods(kind).list();
  }

  put(kind: ResourceKind, mac: Mac, data: ByteStream): Awaitable<number | void> {
    return this.#methods(kind).put(mac, data);
  }

  delete(kind: ResourceKind, mac: Mac): Awaitable<void> {
    return this.#methods(kind).delete(mac);
  }

  async get(kind: ResourceKind, mac: Mac, range: Range | undefined, signal: AbortSignal): Promise<ByteSource> {
    if (range !== undefined && kind === "packfile") {
      return this.#store.getPackfileBlob(mac, range.offset, range.length, signal);
    }
    const whole = await this.#methods(kind).get(mac, signal);
    if (range === undefined) return whole;
    // Only packfiles have a method for a part; nothing else is read in parts by released hosts.
    return sliceOf(chunksOf(whole, `${kind} ${mac.hex}`, signal), range.offset, range.length);
  }

  #methods(kind: ResourceKind): Methods {
    const store = this.#store;
    switch (kind) {
      case "state":
        return {
          list: () => store.getStates(),
          put: (mac, data) => store.putState(mac, data),
          get: (mac, signal) => store.getState(mac, signal),
          delete: (mac) => store.deleteState(mac),
        };
      case "packfile":
        return {
          list: () => store.getPackfiles(),
          put: (mac, data) => store.putPackfile(mac, data),
          get: (mac, signal) => store.getPackfile(mac, signal),
          delete: (mac) => store.deletePackfile(mac),
        };
      case "lock":
        return {
          list: () => store.getLocks(),
          put: (mac, data) => store.putLock(mac, data),
          get: (mac, signal) => store.getLock(mac, signal),
          delete: (mac) => store.deleteLock(mac),
        };
      default:
        throw unimplemented(`this store keeps packfiles, states and locks, not: ${describe(kind)}`);
    }
  }
}
