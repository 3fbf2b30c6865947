/** An error with a POSIX name, shaped like those of Node's `fs`. */
export interface SystemError extends Error {
  code: string;
  path: string;
}

/** The shape of an error. `instanceof` does not work: an error of Node's core may belong to another realm. */
interface ErrorLike {
  message: string;
  code?: unknown;
  path?: unknown;
  dest?: unknown;
}

function isErrorLike(error: unknown): error is ErrorLike {
  return typeof error === "object" && error !== null && "message" in error && typeof error.message === "string";
}

/** @returns The error's POSIX code ("ENOENT"), or undefined if it has none. */
export function codeOf(error: unknown): string | undefined {
  return isErrorLike(error) && typeof error.code === "string" ? error.code : undefined;
}

/** Returns true if the error has one of these POSIX codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const code = codeOf(error);
  return code !== undefined && codes.includes(code);
}

/**
 * Makes an error in the format of Node's own system errors.
 *
 * @param path - Appended to the message, as Node does.
 */
export function systemError(code: string, text: string, path: string): SystemError {
  return Object.assign(new Error(`${code}: ${text}, '${path}'`), { code, path });
}

/**
 * Adds the path to the error of a call on an open file, which has none:
 * "ENOSPC: no space left on device, write" does not name the file.
 *
 * @returns The same error.
 */
export function withPath(error: unknown, path: string): unknown {
  if (isErrorLike(error) && codeOf(error) !== undefined && error.path === undefined) {
    error.message = `${error.message} '${path}'`;
    error.path = path;
  }
  return error;
}

/**
 * Replaces a path that only this process knows (a temporary name, a path through an
 * open directory) by the one that the user knows.
 *
 * @param alias - The path that was passed to the system call, or a prefix of it.
 * @returns The same error.
 */
export function withoutAlias(error: unknown, alias: string, name: string): unknown {
  if (!isErrorLike(error) || !error.message.includes(alias)) return error;
  // Match whole components only: /proc/self/fd/1 is also a prefix of /proc/self/fd/12.
  const pattern = new RegExp(`${alias.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![^/'])`, "g");
  const replace = (text: string): string =>
    text.replace(pattern, (_, at: number) => (name === "/" && text[at + alias.length] === "/" ? "" : name));
  error.message = replace(error.message);
  if (typeof error.path === "string") error.path = replace(error.path);
  if (typeof error.dest === "string") error.dest = replace(error.dest);
  return error;
}
