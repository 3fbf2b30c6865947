import { open, type FileHandle } from "node:fs/promises";
import { hasCode, withPath } from "../fs/errors.js";

/**
 * Syncs the names in a directory to disk: after a power failure, a synced file
 * whose name was not synced is lost.
 *
 * Does nothing if the system does not support it (Windows, some FUSE file systems),
 * and in a directory that this user may write to but not read.
 */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === "win32") return;
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    if (hasCode(error, "EACCES")) return;
    throw error;
  }
  try {
    await handle.sync();
  } catch (error) {
    if (!hasCode(error, "EINVAL", "ENOTSUP", "ENOSYS")) throw withPath(error, path);
  } finally {
    await handle.close();
  }
}

/**
 * Syncs directories, once for all that wait for the same one. A sync covers the names that were made before it began,
 * so a caller that comes while it runs waits for the next one, together with all others that come until then.
 */
export class DirectorySyncs {
  readonly #syncNow: (path: string) => Promise<void>;
  /** By path: the sync that runs. */
  readonly #running = new Map<string, Promise<void>>();
  /** By path: the sync that begins when the running one has ended. */
  readonly #next = new Map<string, Promise<void>>();

  /** @param syncNow - Replaced in tests. */
  constructor(syncNow: (path: string) => Promise<void> = syncDirectory) {
    this.#syncNow = syncNow;
  }

  /**
   * Syncs the names that are in a directory now, as {@link syncDirectory} does.
   *
   * @throws The error of the sync, which each of its callers gets.
   */
  sync(path: string): Promise<void> {
    let next = this.#next.get(path);
    if (next === undefined) {
      next = this.#syncAfter(path, this.#running.get(path));
      this.#next.set(path, next);
    }
    return next;
  }

  async #syncAfter(path: string, before: Promise<void> | undefined): Promise<void> {
    await before?.catch(() => undefined);
    // From here on, a name may be made too late for this sync.
    this.#next.delete(path);
    const running = this.#syncNow(path);
    this.#running.set(path, running);
    try {
      await running;
    } finally {
      if (this.#running.get(path) === running) this.#running.delete(path);
    }
  }
}
