import { Condition, type Failure } from "@kloset/adapter";

/** The outcome of a name whose content was stored. */
export interface Stored {
  /** Digest of the content. */
  readonly digest: string;
  /** Present if the content was stored but its permissions could not be set. */
  readonly failure?: Failure;
}

/**
 * One name of a file that has several. Must be settled after it was stored or has
 * failed. Small once settled, because a restore may keep hundreds of thousands.
 */
export class Name {
  readonly pathname: string;
  #stored: Stored | undefined;
  /** Present until the name is settled. */
  #settling: Condition | undefined = new Condition();

  constructor(pathname: string) {
    this.pathname = pathname;
  }

  /** Waits until the name is settled. Returns undefined if its content could not be stored. */
  async stored(): Promise<Stored | undefined> {
    if (this.#settling !== undefined) await this.#settling.changed();
    return this.#stored;
  }

  /** Settles the name: with its outcome, or undefined if its content could not be stored. */
  settle(stored: Stored | undefined): void {
    const settling = this.#settling;
    this.#settling = undefined;
    this.#stored = stored;
    settling?.notifyAll();
  }
}

/** The first name of a file and its outcome. */
export type FirstName = Stored & Pick<Name, "pathname">;

/** The names of one file. */
export class LinkSet {
  /** All sets, keyed by the pathname of their first name. */
  readonly #firsts: Map<string, LinkSet>;
  #first: Name | undefined;
  /** Number of names that have not arrived yet. */
  #left: number;
  /** Number of names that have arrived but are not done yet. */
  #active = 0;
  /** Estimated memory in bytes, maintained by `HardLinks`. */
  bytes = 0;

  constructor(firsts: Map<string, LinkSet>, names: number) {
    this.#firsts = firsts;
    this.#left = names;
  }

  /** True while a name that has arrived is not done yet. */
  get isActive(): boolean {
    return this.#active > 0;
  }

  /**
   * Registers the arrival of a name. {@link LinkSet.done} must follow.
   *
   * @returns false if this was the last name.
   */
  countIn(): boolean {
    this.#left--;
    this.#active++;
    return this.#left > 0;
  }

  /** Registers that a name was linked, was stored or has failed. After the last one, the first name is forgotten. */
  done(): void {
    this.#active--;
    if (this.#active === 0 && this.#left <= 0) this.forgetFirst();
  }

  /**
   * Waits for the first name, to which the others are linked. If there is none, or it
   * has failed, the given name becomes the first.
   *
   * @returns The first name and its outcome; undefined if the given name is now the first.
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
      // Another waiter may already have replaced it.
      if (this.#first === first) this.forgetFirst();
    }
  }

  /** Forgets the first name. The next one takes its place. */
  forgetFirst(): void {
    if (this.#first !== undefined) this.#firsts.delete(this.#first.pathname);
    this.#first = undefined;
  }
}
