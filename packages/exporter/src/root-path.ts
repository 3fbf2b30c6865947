import { invalidArgument } from "@kloset/adapter";
import { cleanPathname } from "@kloset/model";

/**
 * Takes the root off the pathnames of v1.0 hosts, which join the two as Go's
 * `path.Join` does: `s3://bucket/a` and `/b` become `s3:/bucket/a/b`.
 */
export class RootPath {
  readonly #root: string;
  readonly #prefix: string;

  /** @param root - As the exporter reports it. Must not be empty. */
  constructor(root: string) {
    this.#root = root;
    const clean = cleanAsGo(root);
    this.#prefix = clean === "/" ? "" : clean;
  }

  /**
   * @returns The pathname below the root: absolute and clean, "/" for the root itself.
   * @throws StatusError INVALID_ARGUMENT when it is not below the root.
   */
  strip(pathname: string): string {
    const clean = cleanAsGo(pathname);
    if (clean === this.#prefix) return "/";
    if (!clean.startsWith(`${this.#prefix}/`)) {
      throw invalidArgument(`${JSON.stringify(pathname)} is not below the root ${JSON.stringify(this.#root)}`);
    }
    return cleanBelowRoot(clean.slice(this.#prefix.length));
  }
}

/**
 * @returns The pathname in canonical form: absolute, no ".", no "..".
 * @throws StatusError INVALID_ARGUMENT when it would leave the root.
 */
export function cleanBelowRoot(pathname: string): string {
  try {
    return cleanPathname(pathname);
  } catch (error) {
    throw invalidArgument(error instanceof Error ? error.message : String(error));
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
