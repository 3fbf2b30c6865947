import { lstat, readdir, unlink, writeFile } from "node:fs/promises";
import { systemError, type SystemError } from "../fs/errors.js";
import { temporaryName } from "../fs/temporary-name.js";
import type { Directory } from "./directories.js";

/** Maximum number of refused pathnames that are remembered. Further ones fail alone, without the entries below them. */
const REFUSED_MAX = 10_000;

/** An entry that is about to be made. */
interface Place {
  readonly directory: Directory;
  readonly name: string;
  /** The path that the user knows, for messages. */
  readonly path: string;
}

/**
 * Protects entries on a target that does not distinguish upper and lower case. Of two names such as "README" and
 * "readme" in one directory, the second would replace the first, and a second directory would be mixed with the first.
 * The second one is an error that names the first.
 */
export class Twins {
  /** The calls that are making an entry, by pathname without case. */
  readonly #making = new Map<string, Promise<void>>();
  /** The path of the first twin, by pathname of the refused one. */
  readonly #refused = new Map<string, string>();

  /** Returns undefined if the target distinguishes names by case, or if nothing can be written to it. */
  static async of(directory: Directory): Promise<Twins | undefined> {
    const name = temporaryName();
    const path = directory.at(name);
    try {
      await writeFile(path, "", { flag: "wx", mode: 0o600 });
    } catch {
      return undefined;
    }
    try {
      await lstat(directory.at(name.toUpperCase()));
      return new Twins();
    } catch {
      return undefined;
    } finally {
      await unlink(path).catch(() => undefined);
    }
  }

  /**
   * Makes an entry unless its directory contains one that differs only in case. Calls for such names run one after
   * another.
   *
   * @throws SystemError EEXIST that names the existing entry.
   */
  async make<T>(pathname: string, place: Place, make: () => Promise<T>): Promise<T> {
    const key = folded(pathname);
    const before = this.#making.get(key);
    const work = async (): Promise<T> => {
      await before;
      const first = await firstTwin(place);
      if (first === undefined) return make();
      if (this.#refused.size < REFUSED_MAX) this.#refused.set(pathname, first);
      throw refusal(first, place.path);
    };
    const made = work();
    const settled = made.then(
      () => undefined,
      () => undefined,
    );
    this.#making.set(key, settled);
    try {
      return await made;
    } finally {
      if (this.#making.get(key) === settled) this.#making.delete(key);
    }
  }

  /** @throws SystemError EEXIST if the entry, or a directory above it, was refused. It would reach the first twin. */
  check(pathname: string, path: string): void {
    if (this.#refused.size === 0) return;
    for (let end = pathname.length; end > 0; end = pathname.lastIndexOf("/", end - 1)) {
      const first = this.#refused.get(pathname.slice(0, end));
      if (first !== undefined) throw refusal(first, path);
    }
  }
}

/** Returns the path of an entry whose name differs, but that the target finds by the given name. */
async function firstTwin({ directory, name, path }: Place): Promise<string | undefined> {
  try {
    await lstat(directory.at(name));
  } catch {
    // Missing. Other errors are also those of making the entry.
    return undefined;
  }
  const names = await readdir(directory.at("."));
  // Some systems change only the composition of accents. That is the same name.
  if (names.some((other) => other.normalize("NFC") === name.normalize("NFC"))) return undefined;
  const first = names.find((other) => folded(other) === folded(name));
  return `${path.slice(0, path.length - name.length)}${first ?? name}`;
}

function folded(name: string): string {
  return name.normalize("NFC").toUpperCase().toLowerCase();
}

function refusal(first: string, path: string): SystemError {
  return systemError("EEXIST", `the target does not distinguish this name from '${first}'`, path);
}
