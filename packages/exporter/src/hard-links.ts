import type { Failure } from "@kloset/adapter";
import type { FileInfo } from "@kloset/model";

/** What became of a name: undefined when its content could not be stored. */
export interface Stored {
  /** Of its content. */
  readonly digest: string;
  /** Present when the content is there, but its permissions are not. */
  readonly failure?: Failure;
}

/** A name of a file that has several. Whoever stores it must settle it. */
export class Name {
  readonly pathname: string;
  readonly stored: Promise<Stored | undefined>;
  /** Says what became of it: {@link Stored}, or undefined when it could not be stored. */
  readonly settle: (stored: Stored | undefined) => void;

  constructor(pathname: string) {
    let settle!: (stored: Stored | undefined) => void; // The executor runs at once.
    this.stored = new Promise((resolve) => (settle = resolve));
    this.settle = settle;
    this.pathname = pathname;
  }
}

/** The names of one file. */
export class LinkSet {
  #first: Name | undefined;

  /**
   * Waits for the name that the others are linked to. Takes the given name as that
   * one, at once, when there is none; and also when the one before it failed.
   *
   * @returns The first name and what became of it; undefined when it is the given one.
   */
  async firstOr(name: Name): Promise<(Stored & { readonly pathname: string }) | undefined> {
    for (;;) {
      const first = this.#first;
      if (first === undefined) {
        this.#first = name;
        return undefined;
      }
      const stored = await first.stored;
      if (stored !== undefined) return { ...stored, pathname: first.pathname };
      // Another may have come to know of it sooner, and taken its place.
      if (this.#first === first) this.#first = undefined;
    }
  }
}

/**
 * Tells which names belong to one file. v1.1 hosts send every name as a file of
 * its own, with equal `dev` and `ino`.
 *
 * Snapshots merged from several sources can repeat inode numbers, so names are
 * linked only if all that an inode has is the same, too: here what the record
 * says of it, and when they are stored the content.
 */
export class HardLinks {
  readonly #sets = new Map<string, { readonly set: LinkSet; left: number }>();

  /** How many files are remembered, because more names of them may come. */
  get size(): number {
    return this.#sets.size;
  }

  /**
   * Counts a name in. Call it once for every name, in the order in which they come.
   *
   * @returns The names that it belongs to; undefined when it has no others.
   */
  setOf(info: FileInfo): LinkSet | undefined {
    // Sources without inodes leave both at 0.
    if (info.nlink <= 1 || (info.dev === 0n && info.ino === 0n)) return undefined;
    const key = [info.dev, info.ino, info.mode, info.uid, info.gid, info.modTime].map(String).join(":");
    const known = this.#sets.get(key) ?? { set: new LinkSet(), left: info.nlink };
    known.left--;
    if (known.left > 0) this.#sets.set(key, known);
    else this.#sets.delete(key);
    return known.set;
  }
}

/** Passes content on, and digests what passes. */
export class DigestingContent implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  /** Loaded here, not at the start: cryptography takes long to load, and most files have one name. */
  readonly #hash = process.getBuiltinModule("node:crypto").createHash("sha256");

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
