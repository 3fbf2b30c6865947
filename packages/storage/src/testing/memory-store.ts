import { Mac, StoreMode, type ByteSource, type ByteStream, type Range, type ResourceKind } from "@kloset/model";
import type { ResourceStore, Store, StoreBase } from "../store.js";

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

  async get(kind: ResourceKind, mac: Mac, range: Range | undefined, signal: AbortSignal): Promise<ByteSource> {
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
    getStates: () => store.list("state"),
    putState: (mac, data) => store.put("state", mac, data),
    getState: (mac, signal) => store.get("state", mac, undefined, signal),
    deleteState: (mac) => store.delete("state", mac),
    getPackfiles: () => store.list("packfile"),
    putPackfile: (mac, data) => store.put("packfile", mac, data),
    getPackfile: (mac, signal) => store.get("packfile", mac, undefined, signal),
    getPackfileBlob: (mac, offset, length, signal) => store.get("packfile", mac, { offset, length }, signal),
    deletePackfile: (mac) => store.delete("packfile", mac),
    getLocks: () => store.list("lock"),
    putLock: (mac, data) => store.put("lock", mac, data),
    getLock: (mac, signal) => store.get("lock", mac, undefined, signal),
    deleteLock: (mac) => store.delete("lock", mac),
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
