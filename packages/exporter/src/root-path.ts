import { errorText, invalidArgument } from "@kloset/adapter";
import { cleanPathname } from "@kloset/model";

/**
 * Removes the root from the pathnames of v1.0 hosts, which prepend it with Go's
 * `path.Join`: `s3://bucket/a` and `/b` become `s3:/bucket/a/b`.
 */
export class RootPath {
  readonly #root: string;
  readonly #clean: string;
  /** Prefix of every pathname below the root. */
  readonly #prefix: string;

  /** @param root - The root returned by the exporter. Must not be empty. */
  constructor(root: string) {
    this.#root = root;
    this.#clean = cleanAsGo(root);
    if (this.#clean === "/") this.#prefix = "/";
    // path.Join(".", "a") is "a".
    else this.#prefix = this.#clean === "." ? "" : `${this.#clean}/`;
  }

  /**
   * Removes the root.
   *
   * @returns The pathname relative to the root: absolute and clean, "/" for the root itself.
   * @throws StatusError INVALID_ARGUMENT if the pathname is not below the root.
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

/** Returns true if the rest of a clean pathname leaves the root: neither "../a" nor "/a" is below ".". */
function leavesParent(below: string): boolean {
  return below.startsWith("/") || below === ".." || below.startsWith("../");
}

/**
 * Makes a pathname canonical: absolute, without ".", ".." or empty components.
 *
 * @throws StatusError INVALID_ARGUMENT if it contains a NUL or would leave the root.
 */
export function cleanBelowRoot(pathname: string): string {
  try {
    return cleanPathname(pathname);
  } catch (error) {
    throw invalidArgument(errorText(error));
  }
}

/** Equivalent of Go's `path.Clean`. */
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
