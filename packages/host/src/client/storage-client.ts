import type { ByteSource, Mac, Range, ResourceKind } from "@kloset/model";
import type { Generation } from "../grpc/connection.js";
import type { ConnectorIdentity } from "./connector.js";

/** A storage, with the same interface for both generations. */
export interface StorageClient {
  readonly generation: Generation;
  /**
   * Returns the identity. v1.0 requests the location, and nothing else, each time. v1.1 receives all of it from `Init`.
   */
  identity(signal?: AbortSignal): Promise<ConnectorIdentity>;
  /** Checks that the store can be reached. A no-op on v1.0. */
  ping(signal?: AbortSignal): Promise<void>;
  /** Creates a repository with the given configuration. */
  create(config: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Opens the repository. @returns The configuration that was passed to `create`. */
  open(signal?: AbortSignal): Promise<Uint8Array>;
  /** Requests the mode of the store. @returns Bits of `StoreMode`. */
  mode(signal?: AbortSignal): Promise<number>;
  /** Requests the size of the store. @returns The number of bytes stored, or -1 if the store does not know. */
  size(signal?: AbortSignal): Promise<number>;
  /** Lists all resources of a kind. @throws PluginContractError for a MAC whose length is not 32 bytes. */
  list(kind: ResourceKind, signal?: AbortSignal): Promise<Mac[]>;
  /**
   * Stores a resource. Sends a message with its name, then a chunk of at most 1 MiB for every piece of the source. If
   * the source fails, the call is cancelled and the store must keep nothing.
   *
   * @returns The number of bytes written, as reported by the plugin.
   * @throws The error of the source, or PluginError with the plugin's status.
   */
  put(kind: ResourceKind, mac: Mac, source: ByteSource, signal?: AbortSignal): Promise<number>;
  /**
   * Reads a resource, or a part of it. The call starts when iteration begins. Stopping early reads and discards the
   * rest, as hosts do. Abort the signal to cancel the call.
   *
   * @param range - On v1.0, allowed for packfiles only.
   */
  get(kind: ResourceKind, mac: Mac, range?: Range, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Deletes a resource. */
  delete(kind: ResourceKind, mac: Mac, signal?: AbortSignal): Promise<void>;
  /** Tells the plugin that the work is done. Calls may still follow: hosts delete their lock afterwards. */
  close(): Promise<void>;
}
