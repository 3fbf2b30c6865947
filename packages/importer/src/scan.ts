import {
  describe,
  discard,
  eachUntilAbort,
  isIterable,
  noticeOnce,
  untilAborted,
  withOwnSignal,
} from "@kloset/adapter";
import { checkEntry, type Scanned } from "./entry-check.js";
import type { Importer } from "./importer.js";

/**
 * Runs the author's scan. An entry that is no good becomes an error for its
 * pathname, and the scan goes on.
 *
 * @param root - Where an error is reported that has no pathname of its own.
 * @param each - Given every entry; answers undefined when the next may follow at once, else it is waited for.
 * @throws what the scan itself or `each` throws.
 */
export function eachEntry(
  importer: Importer,
  root: string,
  signal: AbortSignal,
  each: (scanned: Scanned) => Promise<void> | undefined,
): Promise<void> {
  return withOwnSignal(signal, async (own) => {
    const entries: unknown = await untilAborted(importer.scan(own), own, discard);
    if (!isIterable(entries)) throw new TypeError(`scan() returned ${describe(entries)}: an iterable is needed`);
    await eachUntilAbort(entries, own, (entry) => each(checkEntry(entry, root)));
  });
}

/** Tells the user that an entry is left out: hosts take each only once. */
export function noticeRepeated(pathname: string): void {
  noticeOnce(`kloset: ${JSON.stringify(pathname)} was yielded twice by scan(): the second is left out`);
}
