import { StoreMode, type Awaitable, type ByteSource, type Mac, type Range, type ResourceKind } from "@kloset/model";
import type { StorageClient } from "../client/storage-client.js";
import { forEachLimited } from "./limiter.js";

/** A resource to store. */
export interface Resource {
  readonly mac: Mac;
  /** Opens the content. Called just before the resource is stored. */
  readonly read: () => Awaitable<ByteSource>;
}

/** A resource to read, or a part of one. */
export interface Wanted {
  readonly kind: ResourceKind;
  readonly mac: Mac;
  readonly range?: Range | undefined;
}

/** Receives the content that was read. It must be read to its end. */
export type Take = (wanted: Wanted, content: AsyncIterable<Uint8Array>) => Awaitable<void>;

/** Creates a repository, as `plakar create` does. A v1.0 host requests the location first. */
export async function createRepository(storage: StorageClient, config: Uint8Array): Promise<void> {
  if (storage.generation === "v1.0") await storage.identity();
  await storage.create(config);
}

/** Options of {@link openRepository} and {@link syncStates}. */
export interface OpenRepositoryOptions {
  /** Reports states that the host has cached: they are not read again. Default: none are cached. */
  readonly isKnown?: ((mac: Mac) => boolean) | undefined;
  /** Receives the states that are not cached. Default: reads and discards them. */
  readonly take?: Take | undefined;
}

/**
 * Opens a repository, as every Plakar command does. A v1.0 host then reads the states that it has not cached and
 * requests the location. A v1.1 host leaves that to a second process: see {@link syncStates}.
 *
 * @returns The configuration that the repository was created with.
 */
export async function openRepository(storage: StorageClient, options: OpenRepositoryOptions = {}): Promise<Uint8Array> {
  const config = await storage.open();
  if (storage.generation === "v1.0") {
    await syncStates(storage, options);
    await storage.identity();
  }
  return config;
}

/**
 * Lists the states and reads those that are not cached. On v1.1, a second process of the host does this repeatedly
 * while the first one works.
 *
 * @returns All states in the repository.
 */
export async function syncStates(storage: StorageClient, options: OpenRepositoryOptions = {}): Promise<Mac[]> {
  const states = await storage.list("state");
  const unknown = states.filter((mac) => options.isKnown?.(mac) !== true);
  await readResources(
    storage,
    unknown.map((mac) => ({ kind: "state", mac })),
    options.take ?? drop,
  );
  return states;
}

/** Options of {@link lockRepository}. */
export interface LockOptions {
  /** Maintenance requires exclusive access, and reads only the locks of others. Default false. */
  readonly exclusive?: boolean | undefined;
  /** Inspects a lock that was found. A thrown error releases the new lock and ends the attempt. */
  readonly take?: Take | undefined;
}

/**
 * Stores a lock, then reads the locks in the repository. Release the lock with `storage.delete("lock", mac)`.
 */
export async function lockRepository(storage: StorageClient, lock: Resource, options: LockOptions = {}): Promise<void> {
  await storage.put("lock", lock.mac, await lock.read());
  try {
    const locks = await storage.list("lock");
    const watched = options.exclusive === true ? locks.filter((mac) => !mac.equals(lock.mac)) : locks;
    await readResources(
      storage,
      watched.map((mac) => ({ kind: "lock", mac })),
      options.take ?? drop,
    );
  } catch (error) {
    await storage.delete("lock", lock.mac);
    throw error;
  }
}

/** Stores packfiles, up to `maxConcurrency` at the same time (default 1). */
export async function writePackfiles(
  storage: StorageClient,
  packfiles: AsyncIterable<Resource> | Iterable<Resource>,
  options: { readonly maxConcurrency?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  await eachOf(packfiles, options.maxConcurrency, async ({ mac, read }) => {
    await storage.put("packfile", mac, await read(), options.signal);
  });
}

/**
 * Reads parts of packfiles, as `check` and `restore` do for every blob. Requests the store's mode first.
 *
 * @throws Error if the mode lacks the read bit.
 */
export async function readBlobs(
  storage: StorageClient,
  wanted: AsyncIterable<Wanted> | Iterable<Wanted>,
  take: Take,
  options: { readonly maxConcurrency?: number | undefined } = {},
): Promise<void> {
  const mode = await storage.mode();
  if ((mode & StoreMode.READ) === 0)
    throw new Error(`the store cannot be read: its mode ${mode} lacks the read bit (${StoreMode.READ})`);
  await readResources(storage, wanted, take, options.maxConcurrency);
}

/** Resources that {@link backupToRepository} stores. */
export interface RepositoryBackup {
  readonly lock: Resource;
  /** Number of entries of the source: a v1.0 host requests the location once per entry, and once more. */
  readonly entries: number;
  readonly packfiles: readonly Resource[];
  readonly state: Resource;
}

/**
 * Performs the storage side of `plakar backup` on an open repository: stores a lock, packfiles and a state, releases
 * the lock, then closes the storage.
 */
export async function backupToRepository(
  storage: StorageClient,
  { lock, entries, packfiles, state }: RepositoryBackup,
  options: { readonly maxConcurrency?: number | undefined } = {},
): Promise<void> {
  await lockRepository(storage, lock);
  try {
    if (storage.generation === "v1.0") {
      for (let i = 0; i <= entries; i++) await storage.identity();
    }
    await writePackfiles(storage, packfiles, options);
    await storage.put("state", state.mac, await state.read());
  } finally {
    await storage.delete("lock", lock.mac);
  }
  await storage.close();
}

/** Performs the storage side of `plakar check` on an open repository, then closes the storage. */
export async function checkRepository(
  storage: StorageClient,
  wanted: AsyncIterable<Wanted> | Iterable<Wanted>,
  take: Take = drop,
): Promise<void> {
  await readBlobs(storage, wanted, take);
  await storage.close();
}

/**
 * Performs the storage side of `plakar maintenance` on an open repository: stores an exclusive lock, reads blobs, lists
 * the packfiles. Hosts release the lock while Close is still running.
 *
 * @returns All packfiles in the repository.
 */
export async function maintainRepository(
  storage: StorageClient,
  work: { readonly lock: Resource; readonly wanted: Iterable<Wanted>; readonly take?: Take | undefined },
): Promise<Mac[]> {
  await lockRepository(storage, work.lock, { exclusive: true });
  await readBlobs(storage, work.wanted, work.take ?? drop);
  const packfiles = await storage.list("packfile");
  await Promise.all([storage.close(), storage.delete("lock", work.lock.mac)]);
  return packfiles;
}

async function readResources(
  storage: StorageClient,
  wanted: AsyncIterable<Wanted> | Iterable<Wanted>,
  take: Take,
  maxConcurrency = 1,
): Promise<void> {
  await eachOf(wanted, maxConcurrency, async (each) => {
    await take(each, storage.get(each.kind, each.mac, each.range));
  });
}

async function eachOf<T>(
  items: AsyncIterable<T> | Iterable<T>,
  maxConcurrency: number | undefined,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const next = async (): Promise<T | undefined> => {
    const result = await iterator.next();
    return result.done === true ? undefined : result.value;
  };
  await forEachLimited(next, maxConcurrency ?? 1, new AbortController(), work);
}

const drop: Take = async (_wanted, content) => {
  const iterator = content[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
};
