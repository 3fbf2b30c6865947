import { noticeOnce } from "@kloset/adapter";
import type { FileInfo } from "@kloset/model";
import { LinkSet } from "./link-set.js";

/** Memory for files that may have further names: enough for about 600,000. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Measured memory per remembered file, without its strings. */
const BYTES_OF_FILE = 340;

/** Share of the memory that remains in use after an eviction. */
const KEPT = 7 / 8;

/**
 * Groups the names of hard-linked files. v1.1 hosts send every name as a separate
 * file, with equal `dev` and `ino`.
 *
 * Snapshots merged from several sources can repeat inode numbers, so names are
 * linked only if the whole inode matches: its metadata, which is compared here, and
 * its content, which is compared when it is stored. Such snapshots can also repeat
 * pathnames, so call {@link HardLinks.forget} before replacing a pathname.
 */
export class HardLinks {
  readonly #maxBytes: number;
  #bytes = 0;
  /** Keyed by inode, in the order in which the first names arrived. */
  readonly #sets = new Map<string, LinkSet>();
  readonly #firsts = new Map<string, LinkSet>();

  /** @param maxBytes - Maximum memory, by estimate. */
  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Number of files remembered because further names may arrive. */
  get size(): number {
    return this.#sets.size;
  }

  /**
   * Registers a name. Call this once for every name, in order of arrival, and
   * {@link LinkSet.done} when the name is stored.
   *
   * Some names never arrive, because the snapshot or the user excludes them. When
   * files waiting for further names fill the memory, the oldest are evicted. The next
   * name of an evicted file becomes a separate file, to which later names are linked.
   *
   * @returns The set of names of the file; undefined if it has only one.
   */
  setOf(info: FileInfo, pathname: string): LinkSet | undefined {
    // Sources without inodes leave both at 0.
    if (info.nlink <= 1 || (info.dev === 0n && info.ino === 0n)) return undefined;
    const key = [info.dev, info.ino, info.mode, info.uid, info.gid, info.modTime].map(String).join(":");
    const set = this.#sets.get(key) ?? new LinkSet(this.#firsts, info.nlink);
    this.#bytes -= set.bytes;
    if (set.countIn()) {
      // Any name may become the first one, whose pathname is kept.
      set.bytes = Math.max(set.bytes, BYTES_OF_FILE + key.length + 2 * pathname.length);
      this.#bytes += set.bytes;
      this.#sets.set(key, set);
      if (this.#bytes > this.#maxBytes) this.#evictOldest();
    } else {
      this.#sets.delete(key);
    }
    return set;
  }

  /** Evicts in batches: Map iteration first skips the tombstones of deleted entries. */
  #evictOldest(): void {
    noticeOnce("exporter: too many hard links are incomplete: some are restored as separate files");
    for (const [key, set] of this.#sets) {
      if (this.#bytes <= this.#maxBytes * KEPT) break;
      if (set.isActive) continue;
      this.#sets.delete(key);
      this.#bytes -= set.bytes;
      set.forgetFirst();
    }
  }

  /** Returns true if other names are, or will be, linked to this pathname. */
  isFirst(pathname: string): boolean {
    return this.#firsts.size > 0 && this.#firsts.has(pathname);
  }

  /** Stops linking further names to a pathname that is about to be replaced. */
  forget(pathname: string): void {
    this.#firsts.get(pathname)?.forgetFirst();
  }
}
