/** An error with a POSIX name, shaped like those of Node's `fs`. */
export interface SystemError extends Error {
  code: string;
  path: string;
}

/** What an error is made of. Asked for by shape: an error of Node's core may belong to another realm. */
interface ErrorLike {
  message: string;
  code?: unknown;
  path?: unknown;
  dest?: unknown;
}

function isErrorLike(error: unknown): error is ErrorLike {
  return typeof error === "object" && error !== null && "message" in error && typeof error.message === "string";
}

/** @returns The POSIX name of a failure ("ENOENT"), undefined for errors that have none. */
export function codeOf(error: unknown): string | undefined {
  return isErrorLike(error) && typeof error.code === "string" ? error.code : undefined;
}

/** True when the error is a system's, and one of these. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  const code = codeOf(error);
  return code !== undefined && codes.includes(code);
}

/**
 * Makes an error that reads like Node's own.
 *
 * @param path - Named AT the end of the message, as Node does.
 */
export function systemError(code: string, text: string, path: string): SystemError {
  return Object.assign(new Error(`${code}: ${text}, '${path}'`), { code, path });
}

/**
 * Adds the path to the error of a call on an open file, which knows none:
 * "ENOSPC: no space left on device, write" does not tell the user which file.
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
 * Puts the user's name of a path in place of one that only this process knows
 * (a temporary name, a path through an open directory).
 *
 * @param alias - What the system call was given: the path itself, or the start of it.
 * @returns The same error.
 */
export function withoutAlias(error: unknown, alias: string, name: string): unknown {
  if (!isErrorLike(error) || !error.message.includes(alias)) return error;
  // Only AT the end of a component: /proc/self/fd/1 is the start of /proc/self/fd/12 too.
  const pattern = new RegExp(`${alias.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![^/'])`, "g");
  const replace = (text: string): string =>
    text.replace(pattern, (_, at: number) => (name === "/" && text[at + alias.length] === "/" ? "" : name));
  error.message = replace(error.message);
  if (typeof error.path === "string") error.path = replace(error.path);
  if (typeof error.dest === "string") error.dest = replace(error.dest);
  return error;
}
