import { InvalidValue } from "@kloset/wire/grpc";
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
 * Runs the author's scan. An invalid entry becomes an error for its pathname, and
 * the scan continues.
 *
 * @param root - Pathname for errors that have none of their own.
 * @param each - Called with every entry. Returns undefined to continue at once, or a promise to wait for.
 * @throws Any error thrown by the scan itself or by `each`.
 */
export function eachEntry(
  importer: Importer,
  root: string,
  signal: AbortSignal,
  each: (scanned: Scanned) => Promise<void> | undefined,
): Promise<void> {
  return withOwnSignal(signal, async (own) => {
    const entries: unknown = await untilAborted(importer.scan(own), own, discard);
    if (!isIterable(entries)) throw new InvalidValue(`scan() returned ${describe(entries)}: an iterable is needed`);
    await eachUntilAbort(entries, own, (entry) => each(checkEntry(entry, root)));
  });
}

/** Logs that a duplicate entry is left out: hosts accept each entry only once. */
export function noticeRepeated(pathname: string): void {
  noticeOnce(`kloset: ${JSON.stringify(pathname)} was yielded twice by scan(): the second is left out`);
}
