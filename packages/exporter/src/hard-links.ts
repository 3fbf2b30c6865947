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

/** The first name of a file, and what became of it. */
export type FirstName = Stored & Pick<Name, "pathname">;

/** The names of one file. */
export class LinkSet {
  /** All sets by the pathname of the first name. */
  readonly #firsts: Map<string, LinkSet>;
  #first: Name | undefined;
  /** How many names have not come yet. */
  #left: number;
  /** How many have come, and are not done yet. */
  #inWork = 0;

  constructor(firsts: Map<string, LinkSet>, names: number) {
    this.#firsts = firsts;
    this.#left = names;
  }

  /**
   * Counts a name in: {@link LinkSet.done} must follow.
   *
   * @returns false when this was the last name.
   */
  countIn(): boolean {
    this.#left--;
    this.#inWork++;
    return this.#left > 0;
  }

  /** A name was linked, or stored, or failed. After the last, nothing is linked to the first any more. */
  done(): void {
    this.#inWork--;
    if (this.#inWork === 0 && this.#left <= 0) this.forgetFirst();
  }

  /**
   * Waits for the name that the others are linked to. Takes the given name as that
   * one, at once, when there is none; and also when the one before it failed.
   *
   * @returns The first name and what became of it; undefined when it is the given one.
   */
  async firstOr(name: Name): Promise<FirstName | undefined> {
    for (;;) {
      const first = this.#first;
      if (first === undefined) {
        this.#first = name;
        this.#firsts.set(name.pathname, this);
        return undefined;
      }
      const stored = await first.stored;
      if (stored !== undefined) return { ...stored, pathname: first.pathname };
      // Another may have come to know of it sooner, and taken its place.
      if (this.#first === first) this.forgetFirst();
    }
  }

  /** The next name becomes the first: what comes is linked to that one. */
  forgetFirst(): void {
    if (this.#first !== undefined) this.#firsts.delete(this.#first.pathname);
    this.#first = undefined;
  }
}

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
  readonly #sets = new Map<string, LinkSet>();
  readonly #firsts = new Map<string, LinkSet>();

  /** How many files are remembered, because more names of them may come. */
  get size(): number {
    return this.#sets.size;
  }

  /**
   * Counts a name in. Call it once for every name, in the order in which they come,
   * and {@link LinkSet.done} when it is stored.
   *
   * @returns The names that it belongs to; undefined when it has no others.
   */
  setOf(info: FileInfo): LinkSet | undefined {
    // Sources without inodes leave both at 0.
    if (info.nlink <= 1 || (info.dev === 0n && info.ino === 0n)) return undefined;
    const key = [info.dev, info.ino, info.mode, info.uid, info.gid, info.modTime].map(String).join(":");
    const set = this.#sets.get(key) ?? new LinkSet(this.#firsts, info.nlink);
    if (set.countIn()) this.#sets.set(key, set);
    else this.#sets.delete(key);
    return set;
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
