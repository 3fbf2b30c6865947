import { store } from "@kloset/protocol/v1.0";
import type { ByteSource, Mac, Range, ResourceKind } from "@kloset/model";
import type { PluginConnection } from "../grpc/connection.js";
import type { HostName } from "../hosts.js";
import { initFields, type ConnectorIdentity, type ConnectorOptions } from "./connector.js";
import type { StorageClient } from "./storage-client.js";
import { exactNumber, getChunks, macFromWire, putResource } from "./transfer.js";

const rpc = store.Store.method;

const STATE_CALLS = { list: rpc.getStates, put: rpc.putState, get: rpc.getState, delete: rpc.deleteState };
type Calls = typeof STATE_CALLS;
const PACKFILE_CALLS = {
  list: rpc.getPackfiles,
  put: rpc.putPackfile,
  get: rpc.getPackfile,
  delete: rpc.deletePackfile,
};
const LOCK_CALLS = { list: rpc.getLocks, put: rpc.putLock, get: rpc.getLock, delete: rpc.deleteLock };

/** Returns the methods for a kind of resource. This generation has separate methods for each. */
function callsOf(kind: ResourceKind): Calls {
  switch (kind) {
    case "state":
      return STATE_CALLS;
    // The messages of the three kinds differ only in their names.
    case "packfile":
      return PACKFILE_CALLS as unknown as Calls;
    case "lock":
      return LOCK_CALLS as unknown as Calls;
    default:
      throw new RangeError(`v1.0 has no resources of kind ${kind}, only state, packfile and lock`);
  }
}

/** A storage of generation v1.0. */
export class StorageClientV1_0 implements StorageClient {
  readonly generation = "v1.0";
  readonly like: HostName;
  readonly #connection: PluginConnection;
  readonly #cookie: string;

  private constructor(connection: PluginConnection, cookie: string) {
    this.#connection = connection;
    this.like = connection.like;
    this.#cookie = cookie;
  }

  static async init(connection: PluginConnection, options: ConnectorOptions): Promise<StorageClientV1_0> {
    const { cookie } = await connection.unary(rpc.init, initFields(options));
    return new StorageClientV1_0(connection, cookie);
  }

  async identity(signal?: AbortSignal): Promise<ConnectorIdentity> {
    const { location } = await this.#connection.unary(rpc.getLocation, { cookie: this.#cookie }, signal);
    return { origin: "", type: "", root: location, flags: 0 };
  }

  async ping(): Promise<void> {
    // This generation has no such call.
  }

  async create(config: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#connection.unary(rpc.create, { config, cookie: this.#cookie }, signal);
  }

  async open(signal?: AbortSignal): Promise<Uint8Array> {
    return (await this.#connection.unary(rpc.open, { cookie: this.#cookie }, signal)).config;
  }

  async mode(signal?: AbortSignal): Promise<number> {
    return (await this.#connection.unary(rpc.getMode, { cookie: this.#cookie }, signal)).mode;
  }

  async size(signal?: AbortSignal): Promise<number> {
    const { size } = await this.#connection.unary(rpc.getSize, { cookie: this.#cookie }, signal);
    return exactNumber(size, "the size of the store");
  }

  async list(kind: ResourceKind, signal?: AbortSignal): Promise<Mac[]> {
    const { macs } = await this.#connection.unary(callsOf(kind).list, { cookie: this.#cookie }, signal);
    return macs.map(({ value }) => macFromWire(value));
  }

  async put(kind: ResourceKind, mac: Mac, source: ByteSource, signal?: AbortSignal): Promise<number> {
    const cookie = this.#cookie;
    const put = {
      method: callsOf(kind).put,
      first: { mac: { value: mac.bytes }, cookie },
      chunk: (chunk: Uint8Array) => ({ chunk, cookie }),
    };
    const { bytesWritten } = await putResource(this.#connection, put, source, signal);
    return exactNumber(bytesWritten, "the number of bytes written");
  }

  async *get(
    kind: ResourceKind,
    mac: Mac,
    range?: Range,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const named = { mac: { value: mac.bytes }, cookie: this.#cookie };
    if (range === undefined) {
      yield* getChunks(await this.#connection.serverStream(callsOf(kind).get, named, signal), ({ chunk }) => chunk);
      return;
    }
    if (kind !== "packfile") throw new RangeError(`v1.0 supports ranges for packfiles only, not for a ${kind}`);
    const request = { ...named, offset: BigInt(range.offset), length: range.length };
    yield* getChunks(await this.#connection.serverStream(rpc.getPackfileBlob, request, signal), ({ chunk }) => chunk);
  }

  async delete(kind: ResourceKind, mac: Mac, signal?: AbortSignal): Promise<void> {
    const request = { mac: { value: mac.bytes }, cookie: this.#cookie };
    await this.#connection.unary(callsOf(kind).delete, request, signal);
  }

  async close(): Promise<void> {
    await this.#connection.unary(rpc.close, { cookie: this.#cookie });
  }
}
