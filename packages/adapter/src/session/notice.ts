import { masked } from "@kloset/log";

const said = new Set<string>();

/** Limit of different notices, which a working plugin never reaches. */
const MAX_NOTICES = 1000;

/**
 * Logs a text to standard error, once for each text. Standard output cannot be used:
 * writing to it would corrupt the connection.
 *
 * @param text - Begins with the kind of plugin, as all lines of the SDK do: `importer: "/a" was yielded twice`.
 */
export function noticeOnce(text: string): void {
  if (said.has(text) || said.size >= MAX_NOTICES) return;
  said.add(text);
  process.stderr.write(`${masked(text)}\n`);
}
