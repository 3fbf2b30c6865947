import { accessDirectoryNow, type DirectoryAccess } from "./directory-access.js";
import type { Fence } from "./fence.js";

/** How long an open directory is used after it was verified. */
const KEPT_MS = 10;
/** Maximum number of directories that are kept open. */
const KEPT_MAX = 16;

interface Kept {
  readonly access: DirectoryAccess;
  /** On the clock of `performance.now()`. */
  readonly until: number;
}

/**
 * Gives access to the directories of the files to read. Most files are read one directory after another, so a directory
 * stays open for a few milliseconds: opening and verifying it for each file cost a twentieth of a backup's CPU time.
 *
 * If a directory is replaced meanwhile, the one that was scanned is read.
 */
export class KeptDirectories {
  readonly #fence: Fence | undefined;
  /** By pathname, oldest first. */
  readonly #kept = new Map<string, Kept>();
  #timer: NodeJS.Timeout | undefined;

  /** @param fence - Directories outside of it are not accessed. */
  constructor(fence: Fence | undefined) {
    this.#fence = fence;
  }

  /**
   * Returns a path to append names to, for calls before the next turn of the event loop.
   *
   * @throws As `accessDirectoryNow`.
   */
  prefixOf(pathname: string): string {
    const kept = this.#kept.get(pathname);
    if (kept !== undefined && performance.now() < kept.until) return kept.access.prefix;
    this.forget(pathname);
    const access = accessDirectoryNow(pathname, this.#fence);
    const [oldest] = this.#kept.size < KEPT_MAX ? [] : this.#kept.keys();
    if (oldest !== undefined) this.forget(oldest);
    this.#kept.set(pathname, { access, until: performance.now() + KEPT_MS });
    this.#timer ??= this.#closeSoon();
    return access.prefix;
  }

  /** Closes a directory, so that it is opened again when it is next used. */
  forget(pathname: string): void {
    const kept = this.#kept.get(pathname);
    this.#kept.delete(pathname);
    kept?.access.close();
  }

  /** Closes all directories. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const pathname of this.#kept.keys()) this.forget(pathname);
  }

  #closeSoon(): NodeJS.Timeout {
    return setTimeout(() => {
      const now = performance.now();
      for (const [pathname, { until }] of this.#kept) {
        if (until <= now) this.forget(pathname);
      }
      this.#timer = this.#kept.size === 0 ? undefined : this.#closeSoon();
    }, KEPT_MS).unref();
  }
}
