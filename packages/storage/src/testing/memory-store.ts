import { Mac, StoreMode, type ByteSource, type ByteStream, type ResourceKind } from "@kloset/model";
import type { ResourceGetContext, ResourceStore, Store, StoreBase } from "../store.js";

/** Returns a recognizable MAC: one byte repeated 32 times. */
export function macOf(byte: number): Mac {
  return Mac.fromBytes(new Uint8Array(32).fill(byte));
}

/** An in-memory store with four functions that records every call. */
export class MemoryStore implements ResourceStore {
  readonly kept = new Map<string, Uint8Array>();
  readonly calls: string[] = [];
  config: Uint8Array | undefined;
  closed = 0;

  /** @param before - Called at the start of each call. May delay the call or throw. */
  constructor(readonly before: (call: string) => Promise<void> | void = () => undefined) {}

  async create(config: Uint8Array): Promise<void> {
    await this.#call("create");
    this.config = Uint8Array.from(config);
  }

  async open(): Promise<Uint8Array> {
    await this.#call("open");
    if (this.config === undefined) throw new Error("no repository");
    return this.config;
  }

  location(): string {
    return "memory:///var/backups";
  }

  mode(): number {
    return StoreMode.READ | StoreMode.WRITE;
  }

  size(): number {
    return [...this.kept.values()].reduce((sum, { length }) => sum + length, 0);
  }

  async close(): Promise<void> {
    this.closed++;
    await this.#call("close");
  }

  async list(kind: ResourceKind): Promise<Iterable<Mac>> {
    await this.#call(`list ${kind}`);
    const names = [...this.kept.keys()].filter((key) => key.startsWith(`${kind} `));
    return names.map((key) => Mac.fromHex(key.slice(kind.length + 1)));
  }

  async put(kind: ResourceKind, mac: Mac, data: ByteStream): Promise<number | void> {
    await this.#call(`put ${kind} ${mac.hex}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of data) chunks.push(chunk);
    this.kept.set(`${kind} ${mac.hex}`, Uint8Array.from(Buffer.concat(chunks)));
  }

  async get(kind: ResourceKind, mac: Mac, { range, signal }: ResourceGetContext): Promise<ByteSource> {
    await this.#call(`get ${kind} ${mac.hex}${range === undefined ? "" : ` ${range.offset}+${range.length}`}`);
    if (signal.aborted) throw new Error("aborted");
    const whole = this.kept.get(`${kind} ${mac.hex}`);
    if (whole === undefined) throw new Error(`there is no ${kind} ${mac.hex}`);
    return range === undefined ? whole : whole.subarray(range.offset, range.offset + range.length);
  }

  async delete(kind: ResourceKind, mac: Mac): Promise<void> {
    await this.#call(`delete ${kind} ${mac.hex}`);
    if (!this.kept.delete(`${kind} ${mac.hex}`)) throw new Error(`there is no ${kind} ${mac.hex}`);
  }

  async #call(call: string): Promise<void> {
    this.calls.push(call);
    await this.before(call);
  }
}

/** Wraps a store in the nineteen-method shape. */
export function nineteen(store: ResourceStore): Store {
  return {
    ...baseOf(store),
    getStates: (context) => store.list("state", context),
    putState: (mac, data, context) => store.put("state", mac, data, context),
    getState: (mac, context) => store.get("state", mac, context),
    deleteState: (mac, context) => store.delete("state", mac, context),
    getPackfiles: (context) => store.list("packfile", context),
    putPackfile: (mac, data, context) => store.put("packfile", mac, data, context),
    getPackfile: (mac, context) => store.get("packfile", mac, context),
    getPackfileBlob: (mac, offset, length, context) =>
      store.get("packfile", mac, { signal: context.signal, hot: context.hot, range: { offset, length } }),
    deletePackfile: (mac, context) => store.delete("packfile", mac, context),
    getLocks: (context) => store.list("lock", context),
    putLock: (mac, data, context) => store.put("lock", mac, data, context),
    getLock: (mac, context) => store.get("lock", mac, context),
    deleteLock: (mac, context) => store.delete("lock", mac, context),
  };
}

function baseOf(store: StoreBase): StoreBase {
  return {
    create: (config) => store.create(config),
    open: () => store.open(),
    location: () => store.location(),
    mode: () => store.mode(),
    size: () => store.size(),
    close: () => store.close(),
    ...(store.ping !== undefined && { ping: store.ping.bind(store) }),
    ...(store.origin !== undefined && { origin: store.origin.bind(store) }),
    ...(store.type !== undefined && { type: store.type.bind(store) }),
    ...(store.root !== undefined && { root: store.root.bind(store) }),
    ...(store.flags !== undefined && { flags: store.flags.bind(store) }),
  };
}

/** Returns the store with some methods replaced or added. */
export function withMethods<T extends StoreBase>(store: T, methods: Partial<ResourceStore>): T {
  return new Proxy(store, {
    has: (target, name) => name in methods || name in target,
    get(target, name) {
      const owner = name in methods ? methods : target;
      const value: unknown = Reflect.get(owner, name, owner);
      return typeof value === "function" ? (value.bind(owner) as unknown) : value;
    },
  });
}
