import { Condition, type Failure } from "@kloset/adapter";

/** What became of a name: undefined when its content could not be stored. */
export interface Stored {
  /** Of its content. */
  readonly digest: string;
  /** Present when the content is there, but its permissions are not. */
  readonly failure?: Failure;
}

/**
 * A name of a file that has several. Whoever stores it must settle it. Small when
 * it is settled: a restore may keep hundreds of thousands.
 */
export class Name {
  readonly pathname: string;
  #stored: Stored | undefined;
  /** Present until it is settled. */
  #settling: Condition | undefined = new Condition();

  constructor(pathname: string) {
    this.pathname = pathname;
  }

  /** Waits until it is settled. */
  async stored(): Promise<Stored | undefined> {
    if (this.#settling !== undefined) await this.#settling.changed();
    return this.#stored;
  }

  /** Says what became of it: {@link Stored}, or undefined when it could not be stored. */
  settle(stored: Stored | undefined): void {
    const settling = this.#settling;
    this.#settling = undefined;
    this.#stored = stored;
    settling?.notifyAll();
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
  /** The memory that it takes, as whoever remembers it reckons. */
  bytes = 0;

  constructor(firsts: Map<string, LinkSet>, names: number) {
    this.#firsts = firsts;
    this.#left = names;
  }

  /** Whether a name has come that is not done yet. */
  get inWork(): boolean {
    return this.#inWork > 0;
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
      const stored = await first.stored();
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
