import { errorText, invalidArgument } from "@kloset/adapter";
import { cleanPathname } from "@kloset/model";

/**
 * Takes the root off the pathnames of v1.0 hosts, which join the two as Go's
 * `path.Join` does: `s3://bucket/a` and `/b` become `s3:/bucket/a/b`.
 */
export class RootPath {
  readonly #root: string;
  readonly #clean: string;
  /** What pathnames below the root begin with. */
  readonly #prefix: string;

  /** @param root - As the exporter reports it. Must not be empty. */
  constructor(root: string) {
    this.#root = root;
    this.#clean = cleanAsGo(root);
    if (this.#clean === "/") this.#prefix = "/";
    // "." and "a" are joined as "a".
    else this.#prefix = this.#clean === "." ? "" : `${this.#clean}/`;
  }

  /**
   * @returns The pathname below the root: absolute and clean, "/" for the root itself.
   * @throws StatusError INVALID_ARGUMENT when it is not below the root.
   */
  strip(pathname: string): string {
    const clean = cleanAsGo(pathname);
    if (pathname !== "" && clean === this.#clean) return "/";
    const below = clean.slice(this.#prefix.length);
    if (pathname === "" || !clean.startsWith(this.#prefix) || leavesParent(below)) {
      throw invalidArgument(`${JSON.stringify(pathname)} is not below the root ${JSON.stringify(this.#root)}`);
    }
    return cleanBelowRoot(below);
  }
}

/** What is left of a clean pathname must be relative, and lead down: "../a" and "/a" are not below ".". */
function leavesParent(below: string): boolean {
  return below.startsWith("/") || below === ".." || below.startsWith("../");
}

/**
 * @returns The pathname in canonical form: absolute, no ".", no "..".
 * @throws StatusError INVALID_ARGUMENT when it would leave the root.
 */
export function cleanBelowRoot(pathname: string): string {
  try {
    return cleanPathname(pathname);
  } catch (error) {
    throw invalidArgument(errorText(error));
  }
}

/** Go's `path.Clean`. */
function cleanAsGo(path: string): string {
  const rooted = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!rooted) parts.push(part);
  }
  const joined = parts.join("/");
  if (rooted) return `/${joined}`;
  return joined === "" ? "." : joined;
}
