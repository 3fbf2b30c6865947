import { contextOf, describe, Session, type InitRequest, type Opened } from "@kloset/adapter";
import { pathOfLocation, type ConnectorContext } from "@kloset/model";
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
      if (this.#inUse) await opened.value.store.open();
      return opened;
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
    const origin = text("origin()", (await store.origin?.()) ?? "localhost");
    const type = text("type()", (await store.type?.()) ?? context.protocol);
    const root = notEmpty("root()", (await store.root?.()) ?? pathOfLocation(location, context.protocol));
    return { value: { store, resources: resourcesOf(store), location, origin, type, root }, close };
  } catch (error) {
    // Init has failed: nobody else will close it.
    await Promise.resolve(close()).catch(() => undefined);
    throw error;
  }
}

function text(method: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${method} returned ${describe(value)}: a string is needed`);
  return value;
}

function notEmpty(method: string, value: unknown): string {
  if (text(method, value) === "") throw new Error(`${method} returned an empty string: hosts would back up nothing`);
  return value as string;
}
