import { errorText, invalidArgument } from "@kloset/adapter";
import { cleanPathname } from "@kloset/model";

/**
 * Removes the root from the pathnames of v1.0 hosts, which prepend it.
 */
export class RootPath {
  readonly #root: string;
  /** Prefix of every pathname below the root. */
  readonly #prefix: string;

  /** @param root - The root returned by the exporter: absolute and clean. */
  constructor(root: string) {
    this.#root = root;
    this.#prefix = root === "/" ? "/" : `${root}/`;
  }

  /**
   * Removes the root.
   *
   * @returns The pathname relative to the root: absolute and clean, "/" for the root itself.
   * @throws StatusError INVALID_ARGUMENT if the pathname is not below the root.
   */
  strip(pathname: string): string {
    const clean = pathname.startsWith("/") ? cleanBelowRoot(pathname) : "";
    if (clean === this.#root) return "/";
    if (!clean.startsWith(this.#prefix)) {
      throw invalidArgument(`${JSON.stringify(pathname)} is not below the root ${JSON.stringify(this.#root)}`);
    }
    return `/${clean.slice(this.#prefix.length)}`;
  }
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
