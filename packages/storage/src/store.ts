import type {
  Awaitable,
  ByteSource,
  ByteStream,
  CallContext,
  ConnectorContext,
  Mac,
  Range,
  ResourceKind,
} from "@kloset/model";

/** The methods common to both shapes of a store. */
export interface StoreBase {
  /**
   * Creates a repository and stores its configuration.
   *
   * @param config - Opaque bytes, to be returned by {@link StoreBase.open}.
   */
  create(config: Uint8Array): Awaitable<void>;
  /** Returns the configuration passed to `create`. Throws if there is no repository. */
  open(): Awaitable<Uint8Array>;
  /** Location of the store. Read once, at Init. Must not be empty: hosts would silently back up nothing. */
  location(): Awaitable<string>;
  /**
   * Capabilities: bits of `StoreMode`. Called once, when the host asks for the first time, and again if it failed:
   * newer hosts ask each time that they open a file.
   */
  mode(): Awaitable<number>;
  /** Number of bytes stored, or -1 if unknown. */
  size(): Awaitable<number>;
  /** Throws if the store cannot be reached. Without this method, the SDK reports success. */
  ping?(): Awaitable<void>;
  /** The machine or account that holds the store. Default: "localhost". */
  origin?(): Awaitable<string>;
  /** The kind of store, such as "fs" or "s3". Default: the protocol. */
  type?(): Awaitable<string>;
  /** Path part of the location. Must not be empty. Default: the location without its protocol. */
  root?(): Awaitable<string>;
  /** Bits of `LocationFlag`. Default: none. */
  flags?(): Awaitable<number>;
  /**
   * Releases the store. Called once per store, after all calls have ended, or after 10 s (1 s when the host is gone)
   * even if some have not. Not called when the process is killed.
   */
  close(): Awaitable<void>;
}

/**
 * A place where Plakar keeps repositories, with the methods of Plakar's plugin
 * guide. Every method may be sync or async. The message of a thrown error reaches
 * the user verbatim.
 *
 * - A `put…` method stores the whole resource or nothing, and replaces an existing
 *   one atomically, because other processes list and read at the same time. It may
 *   return the number of bytes written, which the SDK compares with the number
 *   received. It settles only once the resource is stored, and awaits or returns every
 *   promise that reads its data: if one is forgotten, the call fails. See `ByteStream`
 *   if you call `next()` yourself.
 * - A `get…` method throws if the resource does not exist.
 */
export interface Store extends StoreBase {
  getStates(context: ResourceContext): Awaitable<Iterable<Mac> | AsyncIterable<Mac>>;
  putState(mac: Mac, data: ByteStream, context: ResourceContext): Awaitable<number | void>;
  getState(mac: Mac, context: ResourceContext): Awaitable<ByteSource>;
  deleteState(mac: Mac, context: ResourceContext): Awaitable<void>;
  getPackfiles(context: ResourceContext): Awaitable<Iterable<Mac> | AsyncIterable<Mac>>;
  putPackfile(mac: Mac, data: ByteStream, context: ResourceContext): Awaitable<number | void>;
  getPackfile(mac: Mac, context: ResourceContext): Awaitable<ByteSource>;
  /**
   * Reads a part of a packfile.
   *
   * @param offset - Offset of the first byte, from 0.
   * @param length - Number of bytes; return fewer if the packfile ends earlier.
   */
  getPackfileBlob(mac: Mac, offset: number, length: number, context: ResourceContext): Awaitable<ByteSource>;
  deletePackfile(mac: Mac, context: ResourceContext): Awaitable<void>;
  getLocks(context: ResourceContext): Awaitable<Iterable<Mac> | AsyncIterable<Mac>>;
  putLock(lockId: Mac, data: ByteStream, context: ResourceContext): Awaitable<number | void>;
  getLock(lockId: Mac, context: ResourceContext): Awaitable<ByteSource>;
  deleteLock(lockId: Mac, context: ResourceContext): Awaitable<void>;
}

/**
 * An alternative to {@link Store} with four methods that take the kind of resource.
 * The rules of {@link Store} apply.
 */
export interface ResourceStore extends StoreBase {
  list(kind: ResourceKind, context: ResourceContext): Awaitable<Iterable<Mac> | AsyncIterable<Mac>>;
  put(kind: ResourceKind, mac: Mac, data: ByteStream, context: ResourceContext): Awaitable<number | void>;
  get(kind: ResourceKind, mac: Mac, context: ResourceGetContext): Awaitable<ByteSource>;
  delete(kind: ResourceKind, mac: Mac, context: ResourceContext): Awaitable<void>;
}

/** The context of a call about resources. */
export interface ResourceContext extends CallContext {
  /**
   * True if the host wants the resource in storage that answers quickly, as for packfiles of metadata. Set by plaklet,
   * and by versions of Plakar after 1.1.4, where they know it: a resource that was put as hot may be listed, read and
   * deleted without it. A store with one kind of storage ignores it.
   */
  readonly hot: boolean;
}

/** The context of {@link ResourceStore.get}. */
export interface ResourceGetContext extends ResourceContext {
  /** The part to read; undefined for the whole resource. */
  readonly range?: Range | undefined;
}

/** Creates a store of either shape. Called when the host sends Init, and again if calls arrive after Close. */
export type StoreFactory = (context: ConnectorContext) => Awaitable<Store | ResourceStore>;
