import { describe, discard, isIterable, iterateUntilAbort, noticeOnce, untilAborted, withOwnSignal } from "@kloset/adapter";
import { checkEntry, type Scanned } from "./entry-check.js";
import type { Importer } from "./importer.js";

/**
 * Runs the author's scan. An entry that is no good becomes an error for its
 * pathname, and the scan goes on.
 *
 * @param root - Where an error is reported that has no pathname of its own.
 * @throws what the scan itself throws.
 */
export function scanEntries(
  importer: Importer,
  root: string,
  signal: AbortSignal,
): AsyncGenerator<Scanned, void, undefined> {
  return withOwnSignal(signal, async function* (own) {
    const entries: unknown = await untilAborted(importer.scan(own), own, discard);
    if (!isIterable(entries)) throw new TypeError(`scan() returned ${describe(entries)}: an iterable is needed`);
    for await (const entry of iterateUntilAbort(entries, own)) yield checkEntry(entry, root);
  });
}

/** Tells the user that an entry is left out: hosts take each only once. */
export function noticeRepeated(pathname: string): void {
  noticeOnce(`kloset: ${JSON.stringify(pathname)} was yielded twice by scan(): the second is left out`);
}
