import type { ByteSource, Mac, Range, ResourceKind } from "@kloset/model";
import type { Generation } from "../grpc/connection.js";
import type { ConnectorIdentity } from "./connector.js";

/** A storage in a plugin, seen from the host. The same for both generations. */
export interface StorageClient {
  readonly generation: Generation;
  /** v1.0 asks the plugin for its location each time, and knows no more; v1.1 has it from `Init`. */
  identity(signal?: AbortSignal): Promise<ConnectorIdentity>;
  /** Asks whether the store can be reached. v1.0 has no such call: resolves at once. */
  ping(signal?: AbortSignal): Promise<void>;
  /** Makes a repository that keeps `config`. */
  create(config: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** @returns What `create` was given. */
  open(signal?: AbortSignal): Promise<Uint8Array>;
  /** @returns Bits of `StoreMode`. */
  mode(signal?: AbortSignal): Promise<number>;
  /** @returns Bytes stored; -1 when the store does not know. */
  size(signal?: AbortSignal): Promise<number>;
  /** @throws PluginContractError for a MAC that has not 32 bytes. */
  list(kind: ResourceKind, signal?: AbortSignal): Promise<Mac[]>;
  /**
   * Stores a resource. A message with the name goes first, then a chunk for every
   * piece of the source, none above 1 MiB. When the source fails, the call is
   * cancelled: the store must keep nothing.
   *
   * @returns Bytes written, as the plugin says.
   * @throws What the source threw, or PluginError with the plugin's answer.
   */
  put(kind: ResourceKind, mac: Mac, source: ByteSource, signal?: AbortSignal): Promise<number>;
  /**
   * Reads a resource, or a part of it. The call is made when the iteration begins.
   * Stopping early reads the rest and drops it, as hosts do; abort the signal to
   * cancel.
   *
   * @param range - Packfiles only on v1.0.
   */
  get(kind: ResourceKind, mac: Mac, range?: Range, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  delete(kind: ResourceKind, mac: Mac, signal?: AbortSignal): Promise<void>;
  /** Says that the work is over. Calls may still follow: hosts delete their lock after it. */
  close(): Promise<void>;
}
