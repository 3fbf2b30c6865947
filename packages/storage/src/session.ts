import { contextOf, describe, Session, type InitRequest, type Opened } from "@kloset/adapter";
import { pathOfLocation, type Awaitable, type ConnectorContext } from "@kloset/model";
import { resourcesOf, type Resources } from "./resource-store.js";
import type { ResourceStore, Store, StoreFactory } from "./store.js";

/** A store, and what is known of it since Init. */
export interface OpenedStore {
  readonly store: Store | ResourceStore;
  readonly resources: Resources;
  readonly location: string;
  readonly origin: string;
  readonly type: string;
  readonly root: string;
  /** Bits of `LocationFlag`. */
  readonly flags: number;
}

/** The life of the store that both generations serve. */
export class StoreSession extends Session<OpenedStore> {
  /** Whether the repository was opened or made: a store that is made anew after Close must be, too. */
  #inUse = false;

  constructor() {
    super({ service: "store.Store", reopens: true });
  }

  /** Answers Init: constructs the store and asks it where it is. */
  initStore(factory: StoreFactory, request: InitRequest): Promise<OpenedStore> {
    return this.init(async (signal) => {
      const opened = await openStore(factory, contextOf(request, signal));
      if (!this.#inUse) return opened;
      try {
        await opened.value.store.open();
        return opened;
      } catch (error) {
        await closeQuietly(opened.close);
        throw error;
      }
    });
  }

  /** Open or Create has succeeded. */
  markInUse(): void {
    this.#inUse = true;
  }
}

async function openStore(factory: StoreFactory, context: ConnectorContext): Promise<Opened<OpenedStore>> {
  const store = await factory(context);
  const close = () => store.close();
  try {
    // An empty one makes hosts skip every record, and report success.
    const location = notEmpty("location()", await store.location());
    const origin = text("origin()", store.origin === undefined ? "localhost" : await store.origin());
    const type = text("type()", store.type === undefined ? context.protocol : await store.type());
    const root = notEmpty("root()", store.root === undefined ? rootOf(location, context.protocol) : await store.root());
    const flags = flagsOf((await store.flags?.()) ?? 0);
    return { value: { store, resources: resourcesOf(store), location, origin, type, root, flags }, close };
  } catch (error) {
    // Init has failed: nobody else will close it.
    await closeQuietly(close);
    throw error;
  }
}

/** What is called while a failure is told: its own would only hide that. */
async function closeQuietly(close: () => Awaitable<void>): Promise<void> {
  try {
    await close();
  } catch {
    // There is a failure to tell already.
  }
}

/** "memory://" has no path, and a root must not be empty. */
function rootOf(location: string, protocol: string): string {
  return pathOfLocation(location, protocol) || location;
}

function flagsOf(flags: unknown): number {
  if (typeof flags !== "number" || !Number.isInteger(flags) || flags < 0 || flags > 0xffff_ffff) {
    throw new TypeError(`flags() returned ${describe(flags)}: bits of LocationFlag are needed`);
  }
  return flags;
}

function text(method: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${method} returned ${describe(value)}: a string is needed`);
  return value;
}

function notEmpty(method: string, value: unknown): string {
  if (text(method, value) === "") throw new Error(`${method} returned an empty string: hosts would back up nothing`);
  return value as string;
}
