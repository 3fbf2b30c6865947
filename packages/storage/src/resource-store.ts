import { chunksOf, sliceOf, unimplemented } from "@kloset/adapter";
import {
  iterableSource,
  type Awaitable,
  type ByteSource,
  type ByteStream,
  type IterableSource,
  type Mac,
  type Range,
  type ResourceKind,
} from "@kloset/model";
import type { ResourceStore, Store } from "./store.js";

/** Access to resources, in the form used by the adapters for both shapes of a store. */
export type Resources = Pick<ResourceStore, "list" | "put" | "get" | "delete">;

const FUNCTIONS = ["list", "put", "get", "delete"] as const satisfies readonly (keyof ResourceStore)[];

/** The methods of the nineteen-method shape that are not in `StoreBase`. */
const METHODS = [
  "getStates",
  "putState",
  "getState",
  "deleteState",
  "getPackfiles",
  "putPackfile",
  "getPackfile",
  "getPackfileBlob",
  "deletePackfile",
  "getLocks",
  "putLock",
  "getLock",
  "deleteLock",
] as const satisfies readonly (keyof Store)[];

/** The two shapes of a store. The nineteen methods come first: such a store may have helpers named list or get. */
export const SHAPES = [METHODS, FUNCTIONS];

/** Maps the nineteen methods onto the four functions. Returns a store that has the four functions only unchanged. */
export function resourcesOf(store: Store | ResourceStore): Resources {
  return isStore(store) ? new StoreResources(store) : store;
}

/** Returns the name of the author's function that stores a resource. */
export function putNameOf(resources: Resources, kind: ResourceKind): string {
  return resources instanceof StoreResources ? `put${kind.charAt(0).toUpperCase()}${kind.slice(1)}` : "put";
}

function isStore(store: Store | ResourceStore): store is Store {
  return METHODS.every((name) => typeof Reflect.get(store, name) === "function");
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

  get(kind: ResourceKind, mac: Mac, range: Range | undefined, signal: AbortSignal): Awaitable<ByteSource> {
    if (range !== undefined && kind === "packfile") {
      return this.#store.getPackfileBlob(mac, range.offset, range.length, signal);
    }
    const { get } = this.#methods(kind);
    if (range === undefined) return get(mac, signal);
    // Only packfiles have a method for ranges. Released hosts read no other kind in parts.
    return partOf(() => get(mac, signal), range, `${kind} ${mac.hex}`, signal);
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
        throw unimplemented(`this store keeps packfiles, states and locks, not: ${kind}`);
    }
  }
}

/** Opens the resource lazily: if it were opened but never read, it would not be closed. */
async function* partOf(
  open: () => Awaitable<ByteSource>,
  { offset, length }: Range,
  what: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const opened = async (): Promise<IterableSource> => iterableSource(await open(), what);
  yield* sliceOf(chunksOf(opened(), what, signal), offset, length);
}
