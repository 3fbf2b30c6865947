import ignore, { type Ignore } from "ignore";

/** Verdicts that are kept before the library, which forgets none, is replaced by a fresh one. */
const MAX_CACHED = 10_000;

/** Patterns that follow each other and all exclude, or all include again. */
interface Group {
  readonly includes: boolean;
  /** Without "!": what the patterns match, the library "ignores". */
  readonly rules: Ignore;
  matcher: Ignore;
}

/**
 * The user's patterns in gitignore syntax, understood as Plakar does:
 *
 * - they apply to the absolute pathname without its first slash, so `/home/*`
 *   begins AT the root of the file system, not AT the root of the backup;
 * - case matters;
 * - a pattern that matches a directory matches all that is in it;
 * - the last pattern that matches decides. Other than in git, a directory that
 *   is included again (`!keep/`) has all that is in it again.
 *
 * What is in an excluded directory is never asked for.
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
      // As an object: a pattern may hold a line break, which is no end of a pattern here.
      group.rules.add({ pattern: includes ? withoutMark(pattern) : pattern });
    }
    this.#forget();
  }

  /**
   * @param pathname - Absolute. "/" is never excluded.
   */
  isExcluded(pathname: string, isDirectory: boolean): boolean {
    if (pathname === "/") return false;
    if (++this.#cached > MAX_CACHED) this.#forget();
    const path = isDirectory ? `${pathname.slice(1)}/` : pathname.slice(1);
    return this.#groups.findLast(({ matcher }) => matcher.ignores(path))?.includes === false;
  }

  /** The same compiled rules, with empty caches. */
  #forget(): void {
    this.#cached = 0;
    for (const group of this.#groups) group.matcher = emptyRules().add(group.rules);
  }
}

function emptyRules(): Ignore {
  return ignore({ ignorecase: false });
}

/** Takes off the "!" of a pattern. What comes then is no second mark, and no comment. */
function withoutMark(pattern: string): string {
  const rest = pattern.slice(1);
  return /^[!#]/.test(rest) ? `\\${rest}` : rest;
}
