import { checkText as checkUnicode, quoted } from "@kloset/adapter";

/**
 * Checks a text that goes to the host, and from there to file systems.
 *
 * @param what - Names the text in errors, as "pathname".
 * @throws TypeError for what is no string, not valid Unicode, or holds a NUL.
 */
export function checkText(what: string, value: unknown): string {
  const text = checkUnicode(what, value);
  if (text.includes("\0")) throw new TypeError(`${what} holds a NUL: ${quoted(text)}`);
  return text;
}

/**
 * Checks an absolute pathname: hosts take another spelling for another entry, or for none.
 *
 * @param what - Names it in errors.
 * @throws TypeError when it is not clean.
 */
export function checkClean(what: string, pathname: string): string {
  if (pathname !== "/" && /\/(?:\.{0,2})(?:\/|$)/.test(pathname)) {
    throw new TypeError(`${what} must be clean (no empty component, no ".", no ".."): ${quoted(pathname)}`);
  }
  return pathname;
}
