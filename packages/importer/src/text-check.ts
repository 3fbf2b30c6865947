import { checkText as checkUnicode, quoted } from "@kloset/adapter";

/**
 * Checks a text that hosts store and later write to file systems.
 *
 * @param what - Name of the text in errors, such as "pathname".
 * @throws TypeError unless the value is a string of valid Unicode without NUL.
 */
export function checkText(what: string, value: unknown): string {
  const text = checkUnicode(what, value);
  if (text.includes("\0")) throw new TypeError(`${what} holds a NUL: ${quoted(text)}`);
  return text;
}

/**
 * Checks an absolute pathname. Hosts treat a different spelling as a different entry, or drop it.
 *
 * @param what - Name of the pathname in errors.
 * @throws TypeError if the pathname is not clean.
 */
export function checkClean(what: string, pathname: string): string {
  if (pathname !== "/" && /\/(?:\.{0,2})(?:\/|$)/.test(pathname)) {
    throw new TypeError(`${what} must be clean (no empty component, no ".", no ".."): ${quoted(pathname)}`);
  }
  return pathname;
}
