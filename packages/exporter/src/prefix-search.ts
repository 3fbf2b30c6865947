import { PathnameMap } from "@kloset/adapter";
import type { ListedAttributes } from "./listed-attributes.js";

/** The part of a snapshot that the host restores, as far as the record of "/" shows. */
export type Restored =
  /** The whole snapshot. */
  | { readonly type: "all" }
  /** A directory with this name. */
  | { readonly type: "directory"; readonly name: string }
  /** A single file, which hosts send with a synthetic "/". */
  | { readonly type: "file" }
  | { readonly type: "unknown" };

/** Identifies an extended attribute, as in its record. */
interface AttributeName {
  readonly pathname: string;
  readonly name: string;
}

/** Maximum length of a pathname, in UTF-16 units: four times the bytes of Linux's PATH_MAX. Every prefix is looked up. */
const MAX_LENGTH = 16_384;

/** Maximum number of prefixes for which attributes of other entries are counted. */
const MAX_PREFIXES = 100_000;

/** The attributes at or below one prefix. */
interface Tally {
  /** Number of attributes that a restored entry lists. */
  listed: number;
  /** Number of all others. */
  others: number;
  /** The first of the others. */
  firstOther: AttributeName | undefined;
}

/**
 * Finds the directory of the snapshot that is restored: the prefix of the pathnames
 * of extended attributes.
 *
 * Hosts since kloset 1.1.4 strip that prefix from the pathnames of entries, but not
 * from those of attributes. They also send the attributes that lie elsewhere. Earlier
 * ones strip both, as if the prefix were empty.
 *
 * With the right prefix, every attribute that the restored entries list has come, and
 * no other lies below it. A wrong one can fit as well only if another part of the
 * snapshot has the same entries with the same attributes: then several are found. A
 * snapshot that lost some attributes, or an importer that does not list them, leaves
 * contradictions: the prefix with the fewest is taken.
 */
export class PrefixSearch {
  readonly #listed: ListedAttributes;
  readonly #restored: Restored;
  readonly #maxPrefixes: number;
  readonly #tallies = new Map<string, Tally>();
  readonly #counted = new PathnameMap();
  #knowsOthers = true;

  constructor(listed: ListedAttributes, restored: Restored, maxPrefixes = MAX_PREFIXES) {
    this.#listed = listed;
    this.#restored = restored;
    this.#maxPrefixes = maxPrefixes;
  }

  /**
   * Counts an attribute.
   *
   * @returns The prefixes with which it belongs to an entry that lists it.
   */
  add(attribute: AttributeName): string[] {
    const { pathname, name } = attribute;
    const prefixes: string[] = [];
    if (pathname.length > MAX_LENGTH) return prefixes;
    for (const end of endsOf(pathname)) {
      const prefix = pathname.slice(0, end);
      if (!this.#isPossible(prefix)) continue;
      if (this.#listed.has(below(prefix, pathname), name)) prefixes.push(prefix);
      else this.#countOther(prefix, attribute);
    }
    // An attribute may come in several kinds, and is listed once.
    if (prefixes.length > 0 && this.#counted.add(`${pathname}\0${name}`, 1) === 0) {
      for (const prefix of prefixes) this.#tally(prefix).listed++;
    }
    return prefixes;
  }

  /** True if the whole snapshot is restored, and its entries list every attribute so far. */
  get isAll(): boolean {
    const tally = this.#tallies.get("");
    return this.#restored.type === "all" && tally !== undefined && tally.listed > 0 && tally.others === 0;
  }

  /**
   * Returns the prefixes that fit best, once all attributes are counted: several if
   * they fit equally well, none if a part of what is listed did not come and the rest
   * is too little to be sure.
   */
  best(): string[] {
    if (this.isAll) return [""];
    let least = Infinity;
    let prefixes: string[] = [];
    for (const [prefix, tally] of this.#tallies) {
      const contradictions = this.#contradictions(tally);
      const isSure = tally.listed === this.#listed.size || tally.listed > contradictions;
      if (!isSure || contradictions > least) continue;
      if (contradictions < least) prefixes = [];
      least = contradictions;
      prefixes.push(prefix);
    }
    return prefixes;
  }

  /** Returns the number of attributes below a prefix that no restored entry lists, and the first of them. */
  othersBelow(prefix: string): { readonly count: number; readonly first: AttributeName | undefined } {
    const tally = this.#tallies.get(prefix);
    return { count: tally?.others ?? 0, first: tally?.firstOther };
  }

  /** Returns the number of attributes that the restored entries list and that did not come, given the prefix. */
  missing(prefix: string): number {
    return this.#listed.size - (this.#tallies.get(prefix)?.listed ?? 0);
  }

  /** True if no attribute so far can belong to a restored entry that lists it. */
  get isEmpty(): boolean {
    return this.#counted.size === 0;
  }

  /** Counts what should not be if the prefix were right: attributes that are listed and did not come, and the reverse. */
  #contradictions({ listed, others }: Tally): number {
    const missing = this.#listed.size - listed;
    return this.#knowsOthers ? missing + others : missing;
  }

  /** Hosts name the record of "/" like the directory that they restore. */
  #isPossible(prefix: string): boolean {
    const restored = this.#restored;
    return restored.type !== "directory" || prefix === "" || prefix.endsWith(`/${restored.name}`);
  }

  #countOther(prefix: string, attribute: AttributeName): void {
    // The neighbours of a single file are not restored.
    if (this.#restored.type === "file" || (!this.#knowsOthers && prefix !== "")) return;
    const tally = this.#tally(prefix);
    tally.others++;
    tally.firstOther ??= attribute;
    if (this.#tallies.size > this.#maxPrefixes) this.#forgetOthers();
  }

  /** Goes on with less evidence: prefixes may then fit that would not, but none that fits is lost. */
  #forgetOthers(): void {
    this.#knowsOthers = false;
    for (const [prefix, { listed }] of this.#tallies) {
      if (listed === 0 && prefix !== "") this.#tallies.delete(prefix);
    }
  }

  #tally(prefix: string): Tally {
    let tally = this.#tallies.get(prefix);
    if (tally === undefined) {
      tally = { listed: 0, others: 0, firstOther: undefined };
      this.#tallies.set(prefix, tally);
    }
    return tally;
  }
}

/** Removes a prefix from the pathname of an entry at or below it. */
export function below(prefix: string, pathname: string): string {
  return prefix.length === pathname.length ? "/" : pathname.slice(prefix.length);
}

/** Returns where the prefixes of a clean pathname end: before each slash, and at its end. */
function endsOf(pathname: string): number[] {
  const ends: number[] = [];
  if (pathname === "/") return [0];
  for (let at = 0; at !== -1; at = pathname.indexOf("/", at + 1)) ends.push(at);
  ends.push(pathname.length);
  return ends;
}
