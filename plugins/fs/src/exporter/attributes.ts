import { hasCode } from "../fs/errors.js";
import type { ExtendedAttributes } from "../xattr/xattr.js";
import type { Directories, Directory } from "./directories.js";

/** Sets extended attributes, also on files that their owner may not write. */
export class AttributeSetter {
  readonly #directories: Directories;
  readonly #library: ExtendedAttributes;
  /** Ends when no file is made writable any more. */
  #turn: Promise<void> = Promise.resolve();

  constructor(directories: Directories, library: ExtendedAttributes) {
    this.#directories = directories;
    this.#library = library;
  }

  /**
   * @param directory - Holds the entry, under `name`. @param pathname - The same entry.
   * @throws What the library throws.
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

  /** One after the other: a second call must not take the first one's mode for the file's own. */
  async #setWritable(pathname: string, set: () => void, refusal: unknown): Promise<void> {
    const before = this.#turn;
    const work = async (): Promise<void> => {
      await before;
      await this.#directories.inode(pathname, async (inode) => {
        // Neither chmod nor setting an attribute changes the file's times, but for ctime, which nobody can set.
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
