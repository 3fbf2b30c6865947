import { chunksOf, sliceOf, unimplemented } from "@kloset/adapter";
import {
  iterableSource,
  type Awaitable,
  type ByteSource,
  type ByteStream,
  type CallContext,
  type IterableSource,
  type Mac,
  type Range,
  type ResourceKind,
} from "@kloset/model";
import type { ResourceContext, ResourceGetContext, ResourceStore, Store } from "./store.js";

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
  readonly list: (context: ResourceContext) => Awaitable<Iterable<Mac> | AsyncIterable<Mac>>;
  readonly put: (mac: Mac, data: ByteStream, context: ResourceContext) => Awaitable<number | void>;
  readonly get: (mac: Mac, context: ResourceContext) => Awaitable<ByteSource>;
  readonly delete: (mac: Mac, context: ResourceContext) => Awaitable<void>;
}

class StoreResources implements Resources {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  list(kind: ResourceKind, context: ResourceContext): Awaitable<Iterable<Mac> | AsyncIterable<Mac>> {
    return this.#methods(kind).list(context);
  }

  put(kind: ResourceKind, mac: Mac, data: ByteStream, context: ResourceContext): Awaitable<number | void> {
    return this.#methods(kind).put(mac, data, context);
  }

  delete(kind: ResourceKind, mac: Mac, context: ResourceContext): Awaitable<void> {
    return this.#methods(kind).delete(mac, context);
  }

  get(kind: ResourceKind, mac: Mac, context: ResourceGetContext): Awaitable<ByteSource> {
    const { range } = context;
    if (range !== undefined && kind === "packfile") {
      return this.#store.getPackfileBlob(mac, range.offset, range.length, context);
    }
    const { get } = this.#methods(kind);
    if (range === undefined) return get(mac, context);
    // Only packfiles have a method for ranges. Released hosts read no other kind in parts.
    const whole = new WholeContext(context);
    return partOf(() => get(mac, whole), range, `${kind} ${mac.hex}`, context);
  }

  #methods(kind: ResourceKind): Methods {
    const store = this.#store;
    switch (kind) {
      case "state":
        return {
          list: (context) => store.getStates(context),
          put: (mac, data, context) => store.putState(mac, data, context),
          get: (mac, context) => store.getState(mac, context),
          delete: (mac, context) => store.deleteState(mac, context),
        };
      case "packfile":
        return {
          list: (context) => store.getPackfiles(context),
          put: (mac, data, context) => store.putPackfile(mac, data, context),
          get: (mac, context) => store.getPackfile(mac, context),
          delete: (mac, context) => store.deletePackfile(mac, context),
        };
      case "lock":
        return {
          list: (context) => store.getLocks(context),
          put: (mac, data, context) => store.putLock(mac, data, context),
          get: (mac, context) => store.getLock(mac, context),
          delete: (mac, context) => store.deleteLock(mac, context),
        };
      default:
        throw unimplemented(`this store keeps packfiles, states and locks, not: ${kind}`);
    }
  }
}

/** Hides the range from a method that returns the whole resource: it may pass its context on to one that reads ranges. */
class WholeContext implements ResourceContext {
  readonly #context: ResourceContext;
  readonly hot: boolean;

  constructor(context: ResourceContext) {
    this.#context = context;
    this.hot = context.hot;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }
}

/** Opens the resource lazily: if it were opened but never read, it would not be closed. */
async function* partOf(
  open: () => Awaitable<ByteSource>,
  { offset, length }: Range,
  what: string,
  context: CallContext,
): AsyncGenerator<Uint8Array, void, undefined> {
  const opened = async (): Promise<IterableSource> => iterableSource(await open(), what);
  yield* sliceOf(chunksOf(opened(), what, context.signal), offset, length);
}
