import { hasCode } from "../fs/errors.js";
import type { ExtendedAttributes } from "../xattr/xattr.js";
import type { Directories, Directory } from "./directories.js";

/** Sets extended attributes, even on files that their owner may not write. */
export class AttributeSetter {
  readonly #directories: Directories;
  readonly #library: ExtendedAttributes;
  /** Resolves when no file is temporarily writable. */
  #turn: Promise<void> = Promise.resolve();

  constructor(directories: Directories, library: ExtendedAttributes) {
    this.#directories = directories;
    this.#library = library;
  }

  /**
   * @param directory - The directory that contains the entry.
   * @param name - The entry's name in `directory`.
   * @param pathname - The pathname of the same entry.
   * @throws The error of the library.
   */
  async set(directory: Directory, name: string, pathname: string, attribute: string, value: Uint8Array): Promise<void> {
    const at = directory.at(name);
    try {
      this.#library.set(at, attribute, value);
    } catch (error) {
      if (!hasCode(error, "EACCES")) throw error;
      await this.#setWritable(
        pathname,
        () => {
          this.#library.set(at, attribute, value);
        },
        error,
      );
    }
  }

  /** Runs calls one at a time, so that a second call does not restore the temporary mode of the first one. */
  async #setWritable(pathname: string, set: () => void, refusal: unknown): Promise<void> {
    const before = this.#turn;
    const work = async (): Promise<void> => {
      await before;
      await this.#directories.inode(pathname, async (inode) => {
        // Both chmod and setting an attribute change only ctime, which no program can set.
        const mode = Number(inode.stats.mode & 0o7777n);
        try {
          await inode.chmod(mode | 0o200);
        } catch {
          throw refusal;
        }
        try {
          set();
        } finally {
          await inode.chmod(mode);
        }
      });
    };
    const done = work();
    this.#turn = done.catch(() => undefined);
    await done;
  }
}
