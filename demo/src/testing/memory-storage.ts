import type { StorageClient } from "@kloset/host";
import { iterableSource, Mac, StoreMode, type Range, type ResourceKind } from "@kloset/model";

/** A storage in memory. */
export class MemoryStorage implements StorageClient {
  readonly generation = "v1.1";
  readonly like = "plakar-1.1";
  /** Resources by kind and name. Tests may modify them. */
  readonly resources = new Map<string, Uint8Array>();
  /** The requested ranges. */
  readonly ranges: Range[] = [];
  /** Number of the put that fails, from 1. */
  failingPut = 0;
  #puts = 0;

  async identity(): ReturnType<StorageClient["identity"]> {
    return { origin: "", type: "memory", root: "/", flags: 0 };
  }

  async ping(): Promise<void> {
    return Promise.resolve();
  }

  async create(): Promise<void> {
    return Promise.resolve();
  }

  async open(): Promise<Uint8Array> {
    return new Uint8Array(0);
  }

  async mode(): Promise<number> {
    return StoreMode.READ | StoreMode.WRITE;
  }

  async size(): Promise<number> {
    return -1;
  }

  async list(kind: ResourceKind): Promise<Mac[]> {
    return this.keysOf(kind).map((key) => Mac.fromHex(key.slice(kind.length + 1)));
  }

  async put(kind: ResourceKind, mac: Mac, source: Parameters<StorageClient["put"]>[2]): Promise<number> {
    const put = ++this.#puts;
    const chunks: Uint8Array[] = [];
    const pieces = iterableSource(source, "a resource");
    if (pieces instanceof Uint8Array) chunks.push(pieces);
    else for await (const chunk of pieces) chunks.push(chunk);
    if (put === this.failingPut) throw new Error("the disk is full");
    const content = Buffer.concat(chunks);
    this.resources.set(`${kind} ${mac.hex}`, content);
    return content.length;
  }

  async *get(kind: ResourceKind, mac: Mac, range?: Range): AsyncGenerator<Uint8Array, void, undefined> {
    const content = this.resources.get(`${kind} ${mac.hex}`);
    if (content === undefined) throw new Error(`no ${kind} ${mac.hex}`);
    if (range !== undefined) this.ranges.push(range);
    const { offset, length } = range ?? { offset: 0, length: content.length };
    const part = content.subarray(offset, offset + length);
    // Two chunks, split at an offset that is not the start of an entry.
    const cut = Math.min(part.length, 1001);
    if (cut > 0) yield part.subarray(0, cut);
    if (cut < part.length) yield part.subarray(cut);
  }

  async delete(kind: ResourceKind, mac: Mac): Promise<void> {
    this.resources.delete(`${kind} ${mac.hex}`);
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }

  /** Returns the keys of {@link resources} of one kind. */
  keysOf(kind: ResourceKind): string[] {
    return [...this.resources.keys()].filter((key) => key.startsWith(`${kind} `));
  }
}
