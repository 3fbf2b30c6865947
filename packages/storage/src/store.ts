import type { Awaitable, ByteSource, ByteStream, ConnectorContext, Mac, Range, ResourceKind } from "@kloset/model";

/** What both shapes of a store have. */
export interface StoreBase {
  /**
   * Makes a new repository and keeps its configuration.
   *
   * @param config - Opaque; {@link StoreBase.open} gives it back.
   */
  create(config: Uint8Array): Awaitable<void>;
  /** @returns What `create` was given. Throws when there is no repository. */
  open(): Awaitable<Uint8Array>;
  /** Where the store is. Read once, at Init. Must not be empty: hosts would back up nothing, and say nothing. */
  location(): Awaitable<string>;
  /** Bits of `StoreMode`. */
  mode(): Awaitable<number>;
  /** Bytes that are stored, or -1 when that is not known. */
  size(): Awaitable<number>;
  /** Throws when the store can not be reached. */
  ping?(): Awaitable<void>;
  /** The machine or account that holds the store. Default: "localhost". */
  origin?(): Awaitable<string>;
  /** The kind of store, as "fs" or "s3". Default: the protocol. */
  type?(): Awaitable<string>;
  /** The path part of the location. Default: the location without its protocol. Must not be empty. */
  root?(): Awaitable<string>;
  /** Bits of `LocationFlag`. Default: none. */
  flags?(): Awaitable<number>;
  /** Called when no call runs any more. Not when the process is killed. */
  close(): Awaitable<void>;
}

/**
 * A place that Plakar keeps repositories in, method by method as Plakar's guide
 * has them. Every method may be sync or async. What a method throws reaches the
 * user word for word.
 *
 * - A `put…` keeps the resource whole or not at all, and replaces an existing one
 *   atomically: another process lists and reads at the same time. It may return
 *   how many bytes it wrote; the SDK checks that against what came.
 * - A `get…` of what is not there throws.
 */
export interface Store extends StoreBase {
  getStates(): Awaitable<Iterable<Mac> | AsyncIterable<Mac>>;
  putState(mac: Mac, data: ByteStream): Awaitable<number | void>;
  getState(mac: Mac, signal: AbortSignal): Awaitable<ByteSource>;
  deleteState(mac: Mac): Awaitable<void>;
  getPackfiles(): Awaitable<Iterable<Mac> | AsyncIterable<Mac>>;
  putPackfile(mac: Mac, data: ByteStream): Awaitable<number | void>;
  getPackfile(mac: Mac, signal: AbortSignal): Awaitable<ByteSource>;
  /** @param offset - First byte, from 0. @param length - Bytes; fewer where the packfile ends. */
  getPackfileBlob(mac: Mac, offset: number, length: number, signal: AbortSignal): Awaitable<ByteSource>;
  deletePackfile(mac: Mac): Awaitable<void>;
  getLocks(): Awaitable<Iterable<Mac> | AsyncIterable<Mac>>;
  putLock(lockId: Mac, data: ByteStream): Awaitable<number | void>;
  getLock(lockId: Mac, signal: AbortSignal): Awaitable<ByteSource>;
  deleteLock(lockId: Mac): Awaitable<void>;
}

/**
 * The same as {@link Store}, written as four functions over a kind of resource.
 * The rules of {@link Store} hold.
 */
export interface ResourceStore extends StoreBase {
  list(kind: ResourceKind): Awaitable<Iterable<Mac> | AsyncIterable<Mac>>;
  put(kind: ResourceKind, mac: Mac, data: ByteStream): Awaitable<number | void>;
  /** @param range - Absent for the whole. */
  get(kind: ResourceKind, mac: Mac, range: Range | undefined, signal: AbortSignal): Awaitable<ByteSource>;
  delete(kind: ResourceKind, mac: Mac): Awaitable<void>;
}

/** Makes a store, in either shape. Called when the host sends Init, and again if calls follow Close. */
export type StoreFactory = (context: ConnectorContext) => Awaitable<Store | ResourceStore>;
