import { isUtf8 } from "node:buffer";

/**
 * A name as the system has it: one character for each byte. Node reads
 * directories and links this way with the encoding "latin1". It costs no more
 * than a string, it loses nothing, and its order is the order of the bytes.
 */
export type RawName = string;

const NOT_ASCII = /[\u0080-\u00ff]/;

/** @returns The name as text, undefined when its bytes are not UTF-8. */
export function decodeName(raw: RawName): string | undefined {
  if (!NOT_ASCII.test(raw)) return raw;
  const bytes = Buffer.from(raw, "latin1");
  // Not a TextDecoder: that would drop a byte order mark at the start.
  return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
}

/**
 * Shows a name that is not UTF-8: every byte beyond ASCII as `\xe9`, a backslash
 * as two. Different names look different. For messages only: no file has this name.
 */
export function escapeName(raw: RawName): string {
  return raw.replace(/[\u0080-\u00ff\\]/g, (byte) =>
    byte === "\\" ? "\\\\" : `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/**
 * Makes the escaped form of a name that no other entry of the directory has:
 * a file may really be called `\xe9`.
 *
 * @param taken - Names of the directory.
 */
export function escapeUnlike(raw: RawName, taken: ReadonlySet<RawName>): string {
  let name = escapeName(raw);
  // Escaped names are ASCII, so raw names can be compared with them as they are.
  while (taken.has(name)) name += "?";
  return name;
}
