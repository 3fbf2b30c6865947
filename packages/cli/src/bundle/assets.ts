import { statSync } from "node:fs";
import { chmod, copyFile } from "node:fs/promises";
import { basename, join } from "node:path";

/** The files that an executable reads at run time, and their names beside it. */
export class Assets {
  readonly #prefix: string;
  /** Paths of the files, by their names beside the executable. */
  readonly #files = new Map<string, string>();

  /** @param prefix - Start of each name, unique per connector: Plakar 1.0 packs no file twice. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /**
   * Adds a file.
   *
   * @param label - End of its name beside the executable. By default, its own name.
   * @returns Its name beside the executable.
   */
  add(path: string, label = basename(path)): string {
    for (let count = 1; ; count++) {
      const name = `${this.#prefix}-${count === 1 ? "" : `${count}-`}${label}`;
      const known = this.#files.get(name) ?? path;
      if (known !== path) continue;
      this.#files.set(name, path);
      return name;
    }
  }

  /** Returns true for a regular file. */
  isFile(path: string): boolean {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  }

  /**
   * Copies the files that a bundle names.
   *
   * @returns The paths of the copies, sorted.
   */
  async copy(bundle: string, folder: string): Promise<string[]> {
    const used = [...this.#files].filter(([name]) => bundle.includes(JSON.stringify(name).slice(1, -1)));
    const copies = used.map(async ([name, path]) => {
      const target = join(folder, name);
      await copyFile(path, target);
      await chmod(target, 0o644);
      return target;
    });
    return (await Promise.all(copies)).sort();
  }
}
