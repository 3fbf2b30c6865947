import { noticeOnce } from "@kloset/adapter";
import type { FileInfo } from "@kloset/model";
import { LinkSet } from "./link-set.js";

/** The memory for files of which more names may come: for some 600,000 of them. */
const MAX_BYTES = 256 * 1024 * 1024;

/** What remembering a file takes beside its texts: measured. */
const BYTES_OF_FILE = 340;

/** The share of the memory that is still taken after the oldest were forgotten. */
const KEPT = 7 / 8;

/**
 * Tells which names belong to one file. v1.1 hosts send every name as a file of
 * its own, with equal `dev` and `ino`.
 *
 * Snapshots merged from several sources can repeat inode numbers, so names are
 * linked only if all that an inode has is the same, too: here what the record
 * says of it, and when they are stored the content. They can repeat pathnames as
 * well: whoever replaces what a name stands for says so, by {@link HardLinks.forget}.
 */
export class HardLinks {
  readonly #maxBytes: number;
  #bytes = 0;
  /** In the order in which the first name of each came. */
  readonly #sets = new Map<string, LinkSet>();
  readonly #firsts = new Map<string, LinkSet>();

  /** @param maxBytes - The memory that may be taken, by estimate. */
  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** How many files are remembered, because more names of them may come. */
  get size(): number {
    return this.#sets.size;
  }

  /**
   * Counts a name in. Call it once for every name, in the order in which they come,
   * and {@link LinkSet.done} when it is stored.
   *
   * Names may never come: those that a snapshot leaves out, or the user. When the
   * files that wait for more fill the memory, the oldest are forgotten. Their next
   * name is a file of its own, and the ones after it are linked to that.
   *
   * @returns The names that it belongs to; undefined when it has no others.
   */
  setOf(info: FileInfo, pathname: string): LinkSet | undefined {
    // Sources without inodes leave both at 0.
    if (info.nlink <= 1 || (info.dev === 0n && info.ino === 0n)) return undefined;
    const key = [info.dev, info.ino, info.mode, info.uid, info.gid, info.modTime].map(String).join(":");
    const set = this.#sets.get(key) ?? new LinkSet(this.#firsts, info.nlink);
    this.#bytes -= set.bytes;
    if (set.countIn()) {
      // Any of them may become the first, which is kept.
      set.bytes = Math.max(set.bytes, BYTES_OF_FILE + key.length + 2 * pathname.length);
      this.#bytes += set.bytes;
      this.#sets.set(key, set);
      if (this.#bytes > this.#maxBytes) this.#forgetOldest();
    } else {
      this.#sets.delete(key);
    }
    return set;
  }

  /** Some at once: a search for the oldest begins with the places of all that have gone. */
  #forgetOldest(): void {
    noticeOnce("kloset: too many hard links whose other names have not come: some become files of their own");
    for (const [key, set] of this.#sets) {
      if (this.#bytes <= this.#maxBytes * KEPT) break;
      if (set.inWork) continue;
      this.#sets.delete(key);
      this.#bytes -= set.bytes;
      set.forgetFirst();
    }
  }

  /** Whether other names are linked, or will be, to this one. */
  isFirst(pathname: string): boolean {
    return this.#firsts.size > 0 && this.#firsts.has(pathname);
  }

  /** What the pathname stands for is replaced: nothing more may be linked to it. */
  forget(pathname: string): void {
    this.#firsts.get(pathname)?.forgetFirst();
  }
}
