import {
  contextOf,
  describe,
  flagsOf,
  isUint,
  openConnector,
  Session,
  textOf,
  type Identity,
  type InitRequest,
  type Methods,
  type MethodTable,
  type Opened,
} from "@kloset/adapter";
import { InvalidValue } from "@kloset/wire/grpc";
import { pathOfLocation, type ConnectorContext } from "@kloset/model";
import { resourcesOf, SHAPES, type Resources } from "./resource-store.js";
import type { ResourceStore, Store, StoreBase, StoreFactory } from "./store.js";

/** A store and the properties read from it at Init. */
export interface OpenedStore extends Identity {
  readonly store: Store | ResourceStore;
  readonly resources: Resources;
  readonly location: string;
  /** Returns the result of `mode()`, which is called once, unless it fails. */
  readonly mode: () => Promise<number>;
}

const STORE: Methods = {
  kind: "a store",
  methods: {
    create: "required",
    open: "required",
    location: "required",
    mode: "required",
    size: "required",
    ping: "optional",
    origin: "optional",
    type: "optional",
    root: "optional",
    flags: "optional",
    close: "required",
  } satisfies MethodTable<StoreBase>,
  shapes: SHAPES,
};

/** Lifecycle of a store, shared by the adapters of both generations. */
export class StoreSession extends Session<OpenedStore> {
  /** True once the repository was opened or created: a store created after Close must then be opened as well. */
  #inUse = false;

  constructor() {
    super({ reopens: true });
  }

  /** Returns the function that Init runs: creates the store and reads its properties. */
  opener(factory: StoreFactory, request: InitRequest): (signal: AbortSignal) => Promise<Opened<OpenedStore>> {
    return (signal) => {
      const context = contextOf(request, signal);
      return openConnector(factory, context, STORE, async (store) => {
        const opened = await describeStore(store, context);
        if (this.#inUse) await store.open();
        return opened;
      });
    };
  }

  /** Records that Open or Create has succeeded. */
  markInUse(): void {
    this.#inUse = true;
  }
}

async function describeStore(store: Store | ResourceStore, { protocol }: ConnectorContext): Promise<OpenedStore> {
  // With an empty location, hosts skip every record and still report success.
  const location = notEmpty("location()", await store.location());
  return {
    store,
    resources: resourcesOf(store),
    location,
    mode: once(async () => modeOf(await store.mode())),
    origin: textOf("origin()", store.origin === undefined ? "localhost" : await store.origin()),
    type: textOf("type()", store.type === undefined ? protocol : await store.type()),
    root: notEmpty("root()", store.root === undefined ? rootOf(location, protocol) : await store.root()),
    flags: flagsOf(await store.flags?.()),
  };
}

/** Falls back to the whole location: "memory://" has no path, and the root must not be empty. */
function rootOf(location: string, protocol: string): string {
  return pathOfLocation(location, protocol) || location;
}

function notEmpty(method: string, value: unknown): string {
  const text = textOf(method, value);
  if (text === "") throw new Error(`${method} returned an empty string: hosts would back up nothing`);
  return text;
}

/** Returns a function that keeps the first result. A failure is not kept. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask().catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
}

const INT32_MAX = 0x7fff_ffff;

/**
 * Checks the result of `mode()`.
 *
 * @throws InvalidValue unless it is an integer from 0 to 2^31 − 1.
 */
export function modeOf(mode: unknown): number {
  if (!isUint(mode, INT32_MAX))
    throw new InvalidValue(`mode() returned ${describe(mode)}: bits of StoreMode are needed`);
  return mode;
}
