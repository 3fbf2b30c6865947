import ignore, { type Ignore } from "ignore";

/** Number of results after which the library's cache, which never evicts, is dropped. */
const MAX_CACHED = 10_000;

/** A run of consecutive patterns that all exclude, or all include again. */
interface Group {
  readonly includes: boolean;
  /** The patterns without "!": the library "ignores" whatever they match. */
  readonly rules: Ignore;
  matcher: Ignore;
}

/**
 * The user's patterns in gitignore syntax, with the same rules as in Plakar:
 *
 * - Patterns apply to the absolute pathname without its first slash, so `/home/*`
 *   starts at the root of the file system, not at the root of the backup.
 * - Patterns are case-sensitive.
 * - A pattern that matches a directory matches everything below it.
 * - The last matching pattern wins. Unlike in git, including a directory again
 *   (`!keep/`) includes everything below it again.
 *
 * Callers never ask for entries of an excluded directory.
 */
export class Excludes {
  readonly #groups: Group[] = [];
  #cached = 0;

  constructor(patterns: readonly string[]) {
    for (const pattern of patterns) {
      const includes = pattern.startsWith("!");
      let group = this.#groups.at(-1);
      if (group?.includes !== includes) {
        const rules = emptyRules();
        group = { includes, rules, matcher: rules };
        this.#groups.push(group);
      }
      // Passed as an object because the library splits a string at line breaks, which a pattern may contain.
      group.rules.add({ pattern: includes ? withoutMark(pattern) : pattern });
    }
    this.#forget();
  }

  /** @param pathname - Absolute. "/" is never excluded. */
  isExcluded(pathname: string, isDirectory: boolean): boolean {
    if (pathname === "/") return false;
    if (++this.#cached > MAX_CACHED) this.#forget();
    const path = isDirectory ? `${pathname.slice(1)}/` : pathname.slice(1);
    return this.#groups.findLast(({ matcher }) => matcher.ignores(path))?.includes === false;
  }

  /** Replaces the matchers by new ones with the same compiled rules and empty caches. */
  #forget(): void {
    this.#cached = 0;
    for (const group of this.#groups) group.matcher = emptyRules().add(group.rules);
  }
}

function emptyRules(): Ignore {
  return ignore({ ignorecase: false });
}

/** Removes the "!" of a pattern. A "!" or "#" that follows it is literal. */
function withoutMark(pattern: string): string {
  const rest = pattern.slice(1);
  return /^[!#]/.test(rest) ? `\\${rest}` : rest;
}
