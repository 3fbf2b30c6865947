import type { Entry, FileInfo } from "@kloset/sdk";
import { fileTypeOf } from "@kloset/sdk";

/** An inode with several names. */
interface Linked {
  readonly ino: bigint;
  /** Names that have not been seen. */
  left: number;
}

/**
 * Replaces the numbers of devices and inodes, for file systems where they differ in each backup although nothing has
 * changed. Devices become 0. So do inodes, except those of files with several names: hosts recognize hard links by
 * equal numbers, so these get one that is derived from the first pathname of the scan.
 *
 * Use an instance for one scan, in the order of its entries.
 */
export class StableInodes {
  readonly #linked = new Map<string, Linked>();

  /** Returns the entry with stable numbers. */
  apply(entry: Entry): Entry {
    if (entry.fileInfo === undefined) return entry;
    return { ...entry, fileInfo: this.#stable(entry.fileInfo, entry.pathname) };
  }

  /** Returns the entries with stable numbers. */
  applyAll(entries: readonly Entry[]): readonly Entry[] {
    return entries.map((entry) => this.apply(entry));
  }

  #stable(info: FileInfo, pathname: string): FileInfo {
    // The link count of a directory depends on the file system, too.
    if (fileTypeOf(info.mode) !== "file" || info.nlink <= 1) return { ...info, dev: 0n, ino: 0n, nlink: 1 };
    return { ...info, dev: 0n, ino: this.#inodeOf(`${info.dev}:${info.ino}`, info.nlink, pathname) };
  }

  #inodeOf(key: string, names: number, pathname: string): bigint {
    let linked = this.#linked.get(key);
    if (linked === undefined) {
      linked = { ino: numberOf(pathname), left: names };
      this.#linked.set(key, linked);
    }
    if (--linked.left <= 0) this.#linked.delete(key);
    return linked.ino;
  }
}

/** Returns a number of 64 bits, never 0. Different pathnames have different numbers, as far as a hash can ensure. */
function numberOf(pathname: string): bigint {
  // Loaded on demand, because most backups do not need it.
  const digest = process.getBuiltinModule("node:crypto").hash("sha256", pathname, "buffer");
  return digest.readBigUInt64BE() | 1n;
}
