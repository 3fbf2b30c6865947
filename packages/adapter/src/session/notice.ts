const said = new Set<string>();

/** A plugin that says more different things than this is broken in another way. */
const MAX_NOTICES = 1000;

/**
 * Tells the user something on standard error, once for each text. Standard error
 * is the only place: everything written to standard output would corrupt the
 * connection.
 */
export function noticeOnce(text: string): void {
  if (said.has(text) || said.size >= MAX_NOTICES) return;
  said.add(text);
  process.stderr.write(`${text}\n`);
}
