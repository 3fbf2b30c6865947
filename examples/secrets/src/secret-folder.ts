import { realpath, stat } from "node:fs/promises";
import { isAbsolute, join, sep } from "node:path";
import { armor, Decrypter } from "age-encryption";
import { readSmallFile } from "./small-file.js";

/** The longest encrypted file. Passwords, tokens and keys are far shorter. */
const MAX_SECRET_FILE_BYTES = 1024 * 1024;

const ARMOR = "-----BEGIN AGE ENCRYPTED FILE-----";

/** A folder of age-encrypted files. */
export class SecretFolder {
  /** The path without symbolic links. */
  readonly #path: string;
  readonly #identities: readonly string[];

  private constructor(path: string, identities: readonly string[]) {
    this.#path = path;
    this.#identities = identities;
  }

  /** @throws Error if the folder does not exist, or is not one. */
  static async open(path: string, identities: readonly string[]): Promise<SecretFolder> {
    const expected = "expected the absolute path of a folder, such as age:///home/me/.passage/store";
    if (!isAbsolute(path)) throw new Error(`location ${JSON.stringify(path)}: ${expected}`);
    const resolved = await realpath(path);
    if (!(await stat(resolved)).isDirectory()) throw new Error(`location ${JSON.stringify(path)}: ${expected}`);
    return new SecretFolder(resolved, identities);
  }

  /**
   * Decrypts the file of a handle.
   *
   * @returns The text without its final newline, or undefined if the file does not exist.
   * @throws Error that names the handle, and contains nothing of the file.
   */
  async resolve(handle: string, signal: AbortSignal): Promise<string | undefined> {
    const path = await this.#find(handle);
    if (path === undefined) return undefined;
    const name = `the file of the secret ${JSON.stringify(handle)}`;
    const encrypted = await readSmallFile(path, name, MAX_SECRET_FILE_BYTES, signal);
    return textOf(await this.#decrypt(encrypted, name), name).replace(/\r?\n$/, "");
  }

  /** Returns the path of a handle's file. A symbolic link may lead to another secret of the folder, but not out of it. */
  async #find(handle: string): Promise<string | undefined> {
    if (handle.includes("\0") || handle.split("/").some((part) => ["", ".", ".."].includes(part))) {
      throw new Error(
        `handle ${JSON.stringify(handle)}: expected a path below the folder, such as "db/prod/password", without "." and ".."`,
      );
    }
    let path: string;
    try {
      path = await realpath(join(this.#path, `${handle}.age`));
    } catch (error) {
      if (["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
      throw error;
    }
    const inside = this.#path.endsWith(sep) ? this.#path : this.#path + sep;
    if (!path.startsWith(inside)) {
      throw new Error(`handle ${JSON.stringify(handle)}: a symbolic link leads out of the folder`);
    }
    return path;
  }

  async #decrypt(encrypted: Buffer, name: string): Promise<Uint8Array> {
    const decrypter = new Decrypter();
    for (const identity of this.#identities) decrypter.addIdentity(identity);
    // Tried last, so only if no identity has matched.
    const found = { isOurs: true };
    decrypter.addIdentity({
      unwrapFileKey() {
        found.isOurs = false;
        return null;
      },
    });
    try {
      const isArmored = encrypted.subarray(0, ARMOR.length).toString("latin1") === ARMOR;
      return await decrypter.decrypt(isArmored ? armor.decode(encrypted.toString("latin1")) : encrypted);
    } catch {
      // The library's message quotes the first line of the file, which is the secret if the file is not encrypted.
      throw new Error(
        found.isOurs
          ? `${name} is damaged, or not encrypted by age`
          : `${name} is encrypted for other identities than the configured ones`,
      );
    }
  }
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(`${name} is not UTF-8 text`);
  }
}
