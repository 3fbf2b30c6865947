import { createHash } from "node:crypto";
import type { FileInfo } from "@kloset/model";

/** The first name of a file that has several. */
export interface FirstName {
  readonly pathname: string;
  /** Settles when the file is stored: with the digest of its content, or undefined when it could not be. */
  readonly digest: Promise<string | undefined>;
}

interface Known extends FirstName {
  /** Names that may still come. */
  left: number;
}

/**
 * Tells which names belong to one file. v1.1 hosts send every name as a file of
 * its own, with equal `dev` and `ino`.
 *
 * Snapshots merged from several sources can repeat inode numbers, so names are
 * linked only if the content is the same, too.
 */
export class HardLinks {
  readonly #byInode = new Map<string, Known>();

  /** The first name of the same inode, if one came; it may still be being stored. */
  firstOf(info: FileInfo): FirstName | undefined {
    const key = keyOf(info);
    const known = this.#byInode.get(key);
    if (known === undefined) return undefined;
    known.left--;
    if (known.left <= 0) this.#byInode.delete(key);
    return known;
  }

  /** Remembers a first name, until all its names have come. */
  remember(info: FileInfo, pathname: string, digest: Promise<string | undefined>): void {
    this.#byInode.set(keyOf(info), { pathname, digest, left: info.nlink - 1 });
  }
}

function keyOf(info: FileInfo): string {
  return `${String(info.dev)}:${String(info.ino)}`;
}

/** Passes content on, and digests what passes. */
export class DigestingContent implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #hash = createHash("sha256");

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#source) {
      this.#hash.update(chunk);
      yield chunk;
    }
  }

  /** The digest of all that has passed. Only once, at the end. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}
