import { isUtf8 } from "node:buffer";

/**
 * The bytes of a name, one character for each byte: what Node returns for
 * directories and links with the encoding "latin1". It costs no more than another
 * string, it is lossless, and it sorts by bytes.
 */
export type RawName = string;

const NOT_ASCII = /[\u0080-\u00ff]/;

/** @returns The name as text, or undefined if its bytes are not UTF-8. */
export function decodeName(raw: RawName): string | undefined {
  if (!NOT_ASCII.test(raw)) return raw;
  const bytes = Buffer.from(raw, "latin1");
  // Not a TextDecoder, which would drop a byte order mark at the start.
  return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
}

/**
 * Escapes a name that is not UTF-8: every byte beyond ASCII as `\xe9`, a backslash
 * as two. Different names stay different. For messages only: no file has this name.
 */
export function escapeName(raw: RawName): string {
  return raw.replace(/[\u0080-\u00ff\\]/g, (byte) =>
    byte === "\\" ? "\\\\" : `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/**
 * Escapes a name so that it differs from every name in its directory: a file may
 * really be called `\xe9`.
 *
 * @param taken - The names in the directory.
 */
export function escapeUnlike(raw: RawName, taken: ReadonlySet<RawName>): string {
  let name = escapeName(raw);
  // Escaped names are ASCII, so they compare directly with raw names.
  while (taken.has(name)) name += "?";
  return name;
}
