import type { ByteSource, Mac, Range, ResourceKind } from "@kloset/model";
import type { Generation, HostName } from "../hosts.js";
import type { ConnectorIdentity } from "./connector.js";

/** A storage, with the same interface for both generations. */
export interface StorageClient {
  readonly generation: Generation;
  /** The host that the client acts as. */
  readonly like: HostName;
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
  /**
   * Lists all resources of a kind.
   *
   * @param flags - Bits of the host's storage flags: 1 is hot. Default 0. Ignored by hosts that do not send them: see
   * `HostProfile.sendsStorageFlags`.
   * @throws PluginContractError for a MAC whose length is not 32 bytes.
   */
  list(kind: ResourceKind, signal?: AbortSignal, flags?: number): Promise<Mac[]>;
  /**
   * Stores a resource. Sends a message with its name, then a chunk of at most 1 MiB for every piece of the source. If
   * the source fails, the call is cancelled and the store must keep nothing.
   *
   * @param flags - As for {@link StorageClient.list}. Hosts set 1 (hot) for packfiles that contain metadata.
   * @returns The number of bytes written, as reported by the plugin.
   * @throws The error of the source, or PluginError with the plugin's status.
   */
  put(kind: ResourceKind, mac: Mac, source: ByteSource, signal?: AbortSignal, flags?: number): Promise<number>;
  /**
   * Reads a resource, or a part of it. The call starts when iteration begins. Stopping early reads and discards the
   * rest, as hosts do. Abort the signal to cancel the call.
   *
   * @param range - On v1.0, allowed for packfiles only.
   * @param flags - As for {@link StorageClient.list}.
   */
  get(kind: ResourceKind, mac: Mac, range?: Range, signal?: AbortSignal, flags?: number): AsyncIterable<Uint8Array>;
  /** Deletes a resource. @param flags - As for {@link StorageClient.list}. */
  delete(kind: ResourceKind, mac: Mac, signal?: AbortSignal, flags?: number): Promise<void>;
  /** Tells the plugin that the work is done. Calls may still follow: hosts delete their lock afterwards. */
  close(): Promise<void>;
}
