import {
  contextOf,
  flagsOf,
  openConnector,
  Session,
  textOf,
  type Identity,
  type InitRequest,
  type Opened,
} from "@kloset/adapter";
import { pathOfLocation, type ConnectorContext } from "@kloset/model";
import { resourcesOf, type Resources } from "./resource-store.js";
import type { ResourceStore, Store, StoreFactory } from "./store.js";

/** A store, and what is known of it since Init. */
export interface OpenedStore extends Identity {
  readonly store: Store | ResourceStore;
  readonly resources: Resources;
  readonly location: string;
}

/** The life of the store that both generations serve. */
export class StoreSession extends Session<OpenedStore> {
  /** Whether the repository was opened or made: a store that is made anew after Close must be, too. */
  #inUse = false;

  constructor() {
    super({ reopens: true });
  }

  /** @returns What Init opens: constructs the store and asks it where it is. */
  opener(factory: StoreFactory, request: InitRequest): (signal: AbortSignal) => Promise<Opened<OpenedStore>> {
    return (signal) => {
      const context = contextOf(request, signal);
      return openConnector(factory, context, "a store", async (store) => {
        const opened = await askStore(store, context);
        if (this.#inUse) await store.open();
        return opened;
      });
    };
  }

  /** Open or Create has succeeded. */
  markInUse(): void {
    this.#inUse = true;
  }
}

async function askStore(store: Store | ResourceStore, { protocol }: ConnectorContext): Promise<OpenedStore> {
  // An empty one makes hosts skip every record, and report success.
  const location = notEmpty("location()", await store.location());
  return {
    store,
    resources: resourcesOf(store),
    location,
    origin: textOf("origin()", store.origin === undefined ? "localhost" : await store.origin()),
    type: textOf("type()", store.type === undefined ? protocol : await store.type()),
    root: notEmpty("root()", store.root === undefined ? rootOf(location, protocol) : await store.root()),
    flags: flagsOf(await store.flags?.()),
  };
}

/** "memory://" has no path, and a root must not be empty. */
function rootOf(location: string, protocol: string): string {
  return pathOfLocation(location, protocol) || location;
}

function notEmpty(method: string, value: unknown): string {
  const text = textOf(method, value);
  if (text === "") throw new Error(`${method} returned an empty string: hosts would back up nothing`);
  return text;
}
