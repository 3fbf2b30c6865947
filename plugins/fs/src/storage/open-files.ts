import { readFileSync, statSync, type Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { closeFile } from "../fs/calls.js";
import { openRegular, openRegularNow, type RegularFile } from "./open-regular.js";

/** Number of descriptors that are kept if the process may open many. */
const MAX_KEPT = 64;
/** This many descriptors are left to everything else: Node itself needs about 25. */
const RESERVED = 64;
/** The largest share of the remaining descriptors that are kept, as a divisor. */
const SHARE = 4;
/** A descriptor that was not used for this long is closed: within the grace period in which the kit looks for leaks. */
const IDLE_MS = 1_000;

/** A regular file that is open for reading. */
export class OpenFile {
  readonly fd: number;
  /** The state of the file when it was opened. */
  readonly stats: Stats;
  /** Set while {@link OpenFiles} keeps the descriptor. */
  isKept = false;
  /** Set when a read has failed: NFS, for example, refuses a descriptor whose file another machine has deleted. */
  isBroken = false;
  /** Set by each use, and cleared by each search for idle descriptors. */
  wasUsed = true;
  #users = 1;

  constructor({ fd, stats }: RegularFile) {
    this.fd = fd;
    this.stats = stats;
  }

  /** Size in bytes when the file was opened. */
  get size(): number {
    return this.stats.size;
  }

  /** Counts one more user, who calls {@link OpenFile.release}. */
  use(): this {
    this.#users++;
    this.wasUsed = true;
    return this;
  }

  /** Call once for each use, when no read is running: a read could hit another file with the same descriptor. */
  release(): void {
    this.#users--;
    this.closeIfUnused();
  }

  /** Closes the descriptor if it is neither used nor kept. */
  closeIfUnused(): void {
    // Nothing was written: an error loses nothing.
    if (this.#users === 0 && !this.isKept) closeFile(this.fd).catch(() => undefined);
  }
}

/** The number of descriptors to keep and the time. */
export interface OpenFilesOptions {
  /** Maximum number of descriptors that are kept; 0 keeps none. Default: 64, or fewer if the process may open few. */
  readonly max?: number;
  /** Replaced in tests. */
  readonly idleMs?: number;
}

/**
 * Opens files for reading, and keeps the descriptors of those that were used last.
 *
 * A kept descriptor is used only if the path still leads to the same file: `stat` of the path returns the same device
 * and inode, which the system cannot give to another file while this one is open. The result is that of opening the
 * path again, whichever process has deleted, replaced or moved the file, or its directory. Size and modification time
 * are compared as well, in case a file system numbers its files badly.
 *
 * A deleted file takes space until its last descriptor is closed. So descriptors are closed when they were not used for
 * one to two seconds.
 */
export class OpenFiles {
  #max: number | undefined;
  readonly #idleMs: number;
  /** By path. The one that was used last is the last. */
  readonly #kept = new Map<string, OpenFile>();
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ max, idleMs = IDLE_MS }: OpenFilesOptions = {}) {
    this.#max = max;
    this.#idleMs = idleMs;
  }

  /**
   * Opens a file, with calls that block.
   *
   * @returns The file, which the caller releases.
   * @throws As {@link openRegularNow} does.
   */
  openNow(path: string): OpenFile {
    const kept = this.#kept.get(path);
    if (kept !== undefined) {
      let stats: Stats | undefined;
      try {
        stats = statSync(path, { throwIfNoEntry: false });
      } catch {
        // Opening the file reports it.
      }
      if (this.#isSame(path, kept, stats)) return kept.use();
    }
    return this.#keep(path, new OpenFile(openRegularNow(path)));
  }

  /**
   * Opens a file. Waits for a file that is leased.
   *
   * @returns The file, which the caller releases.
   * @throws As {@link openRegular} does.
   */
  async open(path: string, signal: AbortSignal): Promise<OpenFile> {
    const kept = this.#kept.get(path)?.use();
    if (kept !== undefined) {
      // Opening the file reports an error.
      const stats = await stat(path).catch(() => undefined);
      if (this.#isSame(path, kept, stats)) return kept;
      kept.release();
    }
    return this.#keep(path, new OpenFile(await openRegular(path, signal)));
  }

  /** Closes the descriptor of a path as soon as no read uses it. */
  drop(path: string): void {
    const kept = this.#kept.get(path);
    if (kept !== undefined) this.#drop(path, kept);
  }

  /** Closes each descriptor as soon as no read uses it, and keeps none from now on. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const [path, file] of this.#kept) this.#drop(path, file);
  }

  /** Marks the file as used last if it is the one that the path leads to; drops it otherwise. */
  #isSame(path: string, kept: OpenFile, now: Stats | undefined): boolean {
    const { dev, ino, size, mtimeMs } = kept.stats;
    const isSame =
      !kept.isBroken && now?.ino === ino && now.dev === dev && now.size === size && now.mtimeMs === mtimeMs;
    // While `stat` was running, another call may have dropped the file, or opened the path again.
    if (this.#kept.get(path) !== kept) return isSame;
    if (!isSame) this.#drop(path, kept);
    else {
      this.#kept.delete(path);
      this.#kept.set(path, kept);
    }
    return isSame;
  }

  #keep(path: string, file: OpenFile): OpenFile {
    // A number above 2^53 may be rounded to that of another file. 0 is no inode.
    const { ino } = file.stats;
    const max = (this.#max ??= maxKept());
    if (max === 0 || this.#isClosed || !Number.isSafeInteger(ino) || ino === 0) return file;
    this.drop(path);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < max) break;
      this.drop(oldest);
    }
    file.isKept = true;
    this.#kept.set(path, file);
    this.#timer ??= setTimeout(this.#onTimer, this.#idleMs).unref();
    return file;
  }

  #drop(path: string, file: OpenFile): void {
    this.#kept.delete(path);
    file.isKept = false;
    file.closeIfUnused();
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    for (const [path, file] of this.#kept) {
      if (!file.wasUsed) this.#drop(path, file);
      file.wasUsed = false;
    }
    if (this.#kept.size > 0) this.#timer = setTimeout(this.#onTimer, this.#idleMs).unref();
  };
}

/**
 * Returns the number of descriptors to keep: few if the process may open only few.
 *
 * @param limits - The content of `/proc/self/limits`.
 */
export function maxKept(limits: string = ownLimits()): number {
  // Windows can neither replace nor remove the name of a file that is open.
  if (process.platform === "win32") return 0;
  const limit = /^Max open files +(\d+)/m.exec(limits)?.[1];
  if (limit === undefined) return MAX_KEPT;
  return Math.min(MAX_KEPT, Math.max(0, Math.floor((Number(limit) - RESERVED) / SHARE)));
}

function ownLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch {
    // Not Linux, or no /proc.
    return "";
  }
}
