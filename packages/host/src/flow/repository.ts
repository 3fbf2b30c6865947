import { StoreMode, type Awaitable, type ByteSource, type Mac, type Range, type ResourceKind } from "@kloset/model";
import type { StorageClient } from "../client/storage-client.js";
import { runWorkers } from "./workers.js";

/** A resource to store. */
export interface Resource {
  readonly mac: Mac;
  /** Opened when the storing begins. */
  readonly read: () => Awaitable<ByteSource>;
}

/** A resource, or a part of it, to read. */
export interface Wanted {
  readonly kind: ResourceKind;
  readonly mac: Mac;
  readonly range?: Range | undefined;
}

/** Takes what was read. The content must be read to its end. */
export type Take = (wanted: Wanted, content: AsyncIterable<Uint8Array>) => Awaitable<void>;

/** Makes a repository, as `plakar create` does: a v1.0 host asks for the location first. */
export async function createRepository(storage: StorageClient, config: Uint8Array): Promise<void> {
  if (storage.generation === "v1.0") await storage.identity();
  await storage.create(config);
}

/** What {@link openRepository} needs to know. */
export interface OpenRepositoryOptions {
  /** States that the host has in its cache: they are not read again. Default: none. */
  readonly isKnown?: ((mac: Mac) => boolean) | undefined;
  /** Takes the states that are not known. Default: they are read and dropped. */
  readonly take?: Take | undefined;
}

/**
 * Opens a repository as every command of Plakar does. A v1.0 host then reads the
 * states that it does not know, and asks for the location; a v1.1 host leaves
 * that to a process of its own: see {@link syncStates}.
 *
 * @returns The configuration that the repository was made with.
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
 * Lists the states and reads those that are not known. v1.1's second process does
 * this again and again, while the first one works.
 *
 * @returns The states that are there.
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

/** What {@link lockRepository} needs to know. */
export interface LockOptions {
  /** Maintenance works alone, and looks only at the locks of others. Default false. */
  readonly exclusive?: boolean | undefined;
  /** Looks at a lock that was found; a throw gives the lock back and ends the attempt. */
  readonly take?: Take | undefined;
}

/**
 * Puts a lock and looks at the locks that are there. Give it back with
 * `storage.delete("lock", mac)`.
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

/** Stores packfiles, several at once. */
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
 * Reads parts of packfiles, as `check` and `restore` do for every blob. Asks
 * first whether the store can be read.
 *
 * @throws Error when its mode lacks the read bit.
 */
export async function readBlobs(
  storage: StorageClient,
  wanted: AsyncIterable<Wanted> | Iterable<Wanted>,
  take: Take,
  options: { readonly maxConcurrency?: number | undefined } = {},
): Promise<void> {
  const mode = await storage.mode();
  if ((mode & StoreMode.READ) === 0) throw new Error(`the store can not be read: its mode is ${mode}`);
  await readResources(storage, wanted, take, options.maxConcurrency);
}

/** What {@link backupToRepository} stores. */
export interface RepositoryBackup {
  readonly lock: Resource;
  /** Entries of the source: a v1.0 host asks for the location once for each, and once more. */
  readonly entries: number;
  readonly packfiles: readonly Resource[];
  readonly state: Resource;
}

/** The storage side of `plakar backup`, on an open repository: lock, packfiles, state, the lock back; then closes the storage. */
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

/** The storage side of `plakar check`, on an open repository; then closes the storage. */
export async function checkRepository(
  storage: StorageClient,
  wanted: AsyncIterable<Wanted> | Iterable<Wanted>,
  take: Take = drop,
): Promise<void> {
  await readBlobs(storage, wanted, take);
  await storage.close();
}

/**
 * The storage side of `plakar maintenance`, on an open repository: an exclusive
 * lock, blobs, the list of packfiles. Hosts give the lock back while Close is
 * still being answered.
 *
 * @returns The packfiles that are there.
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
  const abort = new AbortController();
  const iterator = toAsync(items);
  await runWorkers(maxConcurrency ?? 1, abort, async () => {
    for (;;) {
      if (abort.signal.aborted) return;
      const next = await iterator.next();
      if (next.done === true) return;
      await work(next.value);
    }
  });
}

/** A generator hands its items out one by one, also to several readers. */
async function* toAsync<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T, void, undefined> {
  yield* items;
}

const drop: Take = async (_wanted, content) => {
  const iterator = content[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
};
