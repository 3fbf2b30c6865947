import { store } from "@kloset/protocol/v1.1";
import type { ByteSource, Mac, Range, ResourceKind } from "@kloset/model";
import type { PluginConnection } from "../grpc/connection.js";
import { HOSTS, type HostName } from "../hosts.js";
import { storageInitFields, type ConnectorIdentity, type ConnectorOptions } from "./connector.js";
import type { StorageClient } from "./storage-client.js";
import { exactNumber, getChunks, macFromWire, putResource } from "./transfer.js";

const rpc = store.Store.method;

const TYPES: Readonly<Record<ResourceKind, store.StorageResource>> = {
  packfile: store.StorageResource.PACKFILE,
  state: store.StorageResource.STATE,
  lock: store.StorageResource.LOCK,
  "ecc-packfile": store.StorageResource.ECC_PACKFILE,
  "ecc-state": store.StorageResource.ECC_STATE,
};

/** A storage of generation v1.1. */
export class StorageClientV1_1 implements StorageClient {
  readonly generation = "v1.1";
  readonly like: HostName;
  readonly #connection: PluginConnection;
  readonly #identity: ConnectorIdentity;

  private constructor(connection: PluginConnection, identity: ConnectorIdentity) {
    this.#connection = connection;
    this.like = connection.like;
    this.#identity = identity;
  }

  static async init(connection: PluginConnection, options: ConnectorOptions): Promise<StorageClientV1_1> {
    const { origin, type, root, flags } = await connection.unary(rpc.init, storageInitFields(connection.like, options));
    return new StorageClientV1_1(connection, { origin, type, root, flags });
  }

  async identity(): Promise<ConnectorIdentity> {
    return this.#identity;
  }

  async ping(signal?: AbortSignal): Promise<void> {
    await this.#connection.unary(rpc.ping, {}, signal);
  }

  async create(config: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#connection.unary(rpc.create, { config }, signal);
  }

  async open(signal?: AbortSignal): Promise<Uint8Array> {
    return (await this.#connection.unary(rpc.open, {}, signal)).config;
  }

  async mode(signal?: AbortSignal): Promise<number> {
    return (await this.#connection.unary(rpc.mode, {}, signal)).mode;
  }

  async size(signal?: AbortSignal): Promise<number> {
    return exactNumber((await this.#connection.unary(rpc.size, {}, signal)).size, "the size of the store");
  }

  async list(kind: ResourceKind, signal?: AbortSignal, flags?: number): Promise<Mac[]> {
    const { macs } = await this.#connection.unary(rpc.list, { type: TYPES[kind], ...this.#flags(flags) }, signal);
    return macs.map(macFromWire);
  }

  async put(kind: ResourceKind, mac: Mac, source: ByteSource, signal?: AbortSignal, flags?: number): Promise<number> {
    const put = {
      method: rpc.put,
      first: { mac: mac.bytes, type: TYPES[kind], ...this.#flags(flags) },
      chunk: (chunk: Uint8Array) => ({ chunk }),
    };
    const { bytesWritten } = await putResource(this.#connection, put, source, signal);
    return exactNumber(bytesWritten, "the number of bytes written");
  }

  async *get(
    kind: ResourceKind,
    mac: Mac,
    range?: Range,
    signal?: AbortSignal,
    flags?: number,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const request = {
      mac: mac.bytes,
      type: TYPES[kind],
      ...this.#flags(flags),
      ...(range === undefined ? {} : { range: { offset: BigInt(range.offset), length: range.length } }),
    };
    yield* getChunks(await this.#connection.serverStream(rpc.get, request, signal), ({ chunk }) => chunk);
  }

  async delete(kind: ResourceKind, mac: Mac, signal?: AbortSignal, flags?: number): Promise<void> {
    const request = { mac: mac.bytes, type: TYPES[kind], ...this.#flags(flags) };
    await this.#connection.unary(rpc.delete, request, signal);
  }

  async close(): Promise<void> {
    await this.#connection.unary(rpc.close, {});
  }

  #flags(flags = 0): { flags?: store.StorageFlags } {
    // A bit set on the wire, although the proto declares an enumeration.
    const bits: unknown = flags;
    return HOSTS[this.like].sendsStorageFlags ? { flags: bits as store.StorageFlags } : {};
  }
}
