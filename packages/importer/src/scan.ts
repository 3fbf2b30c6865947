import { InvalidValue } from "@kloset/wire/grpc";
import {
  describe,
  discard,
  eachUntilAbort,
  isIterable,
  noticeOnce,
  untilAborted,
  withOwnSignal,
  type WireFileInfo,
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
    const entries: unknown = await untilAborted(importer.scan({ signal: own }), own, discard);
    if (!isIterable(entries)) throw new InvalidValue(`scan() returned ${describe(entries)}: an iterable is needed`);
    let warned = false;
    await eachUntilAbort(entries, own, (entry) => {
      const scanned = checkEntry(entry, root);
      if (!warned && scanned.type === "record" && showsNoChange(scanned.fileInfo)) {
        warned = true;
        noticeUnnoticeable(scanned.pathname);
      }
      return each(scanned);
    });
  });
}

/** Returns true if neither the size nor the modification time nor the inode of a file is known. */
function showsNoChange({ size, modTime, ino }: WireFileInfo): boolean {
  return size < 0n && modTime.seconds === 0n && modTime.nanos === 0 && ino === 0n;
}

/** Logs that the file will be backed up once and never again: hosts read a file only if its record has changed. */
function noticeUnnoticeable(pathname: string): void {
  noticeOnce(
    `importer: ${JSON.stringify(pathname)} has neither size nor modTime, so later backups miss changes of its content`,
  );
}

/** Logs that a duplicate entry is left out: hosts accept each entry only once. */
export function noticeRepeated(pathname: string): void {
  noticeOnce(`importer: ${JSON.stringify(pathname)} was yielded twice by scan(): the second is left out`);
}
