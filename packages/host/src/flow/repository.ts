import { StoreMode, type Awaitable, type ByteSource, type Mac, type Range, type ResourceKind } from "@kloset/model";
import type { StorageClient } from "../client/storage-client.js";
import { HOSTS } from "../hosts.js";
import { forEachLimited } from "./limiter.js";

/** A resource to store. */
export interface Resource {
  readonly mac: Mac;
  /** Opens the content. Called just before the resource is stored. */
  readonly read: () => Awaitable<ByteSource>;
  /** Storage flags of the host: 1 (hot) for packfiles that contain metadata. Default 0. */
  readonly flags?: number | undefined;
}

/** A resource to read, or a part of one. */
export interface Wanted {
  readonly kind: ResourceKind;
  readonly mac: Mac;
  readonly range?: Range | undefined;
  /** Storage flags of the host. Default 0. */
  readonly flags?: number | undefined;
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
 * requests the location; plaklet reads the states. Other v1.1 hosts leave that to a second process: see
 * {@link syncStates}.
 *
 * @returns The configuration that the repository was created with.
 */
export async function openRepository(storage: StorageClient, options: OpenRepositoryOptions = {}): Promise<Uint8Array> {
  const config = await storage.open();
  if (HOSTS[storage.like].syncsStatesOnOpen) await syncStates(storage, options);
  if (storage.generation === "v1.0") await storage.identity();
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
  await put(storage, "lock", lock);
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

/** Stores packfiles, up to `maxConcurrency` at the same time. Default: `HostProfile.maxConcurrency`. */
export async function writePackfiles(
  storage: StorageClient,
  packfiles: AsyncIterable<Resource> | Iterable<Resource>,
  options: { readonly maxConcurrency?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  await eachOf(packfiles, options.maxConcurrency ?? HOSTS[storage.like].maxConcurrency, async (packfile) => {
    await put(storage, "packfile", packfile, options.signal);
  });
}

/**
 * Reads parts of packfiles, as `check` and `restore` do for every blob. Requests the store's mode first, unless the host
 * requests it for every file: see {@link readFile}.
 *
 * @param options - `maxConcurrency`: number of parts read at the same time. Default: `HostProfile.maxConcurrency`.
 * @throws Error if the mode lacks the read bit.
 */
export async function readBlobs(
  storage: StorageClient,
  wanted: AsyncIterable<Wanted> | Iterable<Wanted>,
  take: Take,
  options: { readonly maxConcurrency?: number | undefined } = {},
): Promise<void> {
  const { requestsModeFor, maxConcurrency } = HOSTS[storage.like];
  if (requestsModeFor === "blobs") await assertReadable(storage);
  await readResources(storage, wanted, take, options.maxConcurrency ?? maxConcurrency);
}

/**
 * Reads the content of one file, as a restore does. A host that requests the mode of a store for every file does that
 * first. Neighbouring parts are read as ranges of up to `HostProfile.mergedRangeBytes`, several at a time.
 *
 * @param parts - In the order of the file.
 * @param take - Receives each part, in any order.
 * @throws Error if the mode lacks the read bit, or the store returns another number of bytes than the merged range has.
 */
export async function readFile(storage: StorageClient, parts: readonly Wanted[], take: Take): Promise<void> {
  const { requestsModeFor, mergedRangeBytes, rangesAtOnce } = HOSTS[storage.like];
  if (requestsModeFor === "file") await assertReadable(storage);
  await eachOf(mergedRanges(parts, mergedRangeBytes), rangesAtOnce, async ({ wanted, parts: merged }) => {
    const content = storage.get(wanted.kind, wanted.mac, wanted.range, undefined, wanted.flags);
    if (merged.length === 1) await take(wanted, content);
    else await takeParts(wanted, merged, content, take);
  });
}

async function assertReadable(storage: StorageClient): Promise<void> {
  const mode = await storage.mode();
  if ((mode & StoreMode.READ) === 0)
    throw new Error(`the store cannot be read: its mode ${mode} lacks the read bit (${StoreMode.READ})`);
}

interface MergedRange {
  readonly wanted: Wanted;
  readonly parts: readonly Wanted[];
}

/** Merges parts that follow each other in one packfile. */
function mergedRanges(parts: readonly Wanted[], maxBytes: number): MergedRange[] {
  const merged: { wanted: Wanted; parts: Wanted[] }[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    const wanted = last === undefined ? undefined : joined(last.wanted, part, maxBytes);
    if (last === undefined || wanted === undefined) {
      merged.push({ wanted: part, parts: [part] });
      continue;
    }
    last.wanted = wanted;
    last.parts.push(part);
  }
  return merged;
}

/** @returns undefined if the parts are not neighbours, or too large together. */
function joined(one: Wanted, next: Wanted, maxBytes: number): Wanted | undefined {
  if (one.range === undefined || next.range === undefined) return undefined;
  const isSame = one.kind === next.kind && one.mac.equals(next.mac) && (one.flags ?? 0) === (next.flags ?? 0);
  const length = one.range.length + next.range.length;
  if (!isSame || next.range.offset !== one.range.offset + one.range.length || length > maxBytes) return undefined;
  return { ...one, range: { offset: one.range.offset, length } };
}

async function takeParts(
  { range, mac }: Wanted,
  parts: readonly Wanted[],
  content: AsyncIterable<Uint8Array>,
  take: Take,
): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (bytes.length !== range?.length) {
    const wanted = `${range?.length ?? 0} bytes at ${range?.offset ?? 0}`;
    throw new Error(`packfile ${mac.hex}: requested ${wanted}, got ${bytes.length} bytes`);
  }
  let at = 0;
  for (const part of parts) {
    const end = at + (part.range?.length ?? 0);
    await take(part, oneChunk(bytes.subarray(at, end)));
    at = end;
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
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
 * Performs the storage side of a backup on an open repository: stores a lock, packfiles and a state, releases the lock,
 * and closes the storage. plaklet also reads back the state, twice. plaklet and the next Plakar release the lock while
 * Close runs.
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
    await put(storage, "state", state);
    if (HOSTS[storage.like].readsStateBack) await readBack(storage, state.mac);
  } catch (error) {
    await storage.delete("lock", lock.mac);
    throw error;
  }
  if (HOSTS[storage.like].releasesLock === "during-close") {
    await Promise.all([storage.delete("lock", lock.mac), storage.close()]);
    return;
  }
  await storage.delete("lock", lock.mac);
  await storage.close();
}

async function readBack(storage: StorageClient, state: Mac): Promise<void> {
  await syncStates(storage, { isKnown: (mac) => !mac.equals(state) });
  await readResources(storage, [{ kind: "state", mac: state }], drop);
}

/**
 * Performs the storage side of a check on an open repository, then closes the storage.
 *
 * @throws The first failure of the store or of `take`.
 */
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
    await take(each, storage.get(each.kind, each.mac, each.range, undefined, each.flags));
  });
}

async function put(
  storage: StorageClient,
  kind: ResourceKind,
  { mac, read, flags }: Resource,
  signal?: AbortSignal,
): Promise<void> {
  await storage.put(kind, mac, await read(), signal, flags);
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
