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
import { checkEntry, type ScannedAttribute, type ScannedRecord } from "./entry-check.js";
import type { Importer } from "./importer.js";
import type { Tree } from "./tree.js";

/**
 * Runs the author's scan. An invalid entry becomes an error for its pathname, and
 * the scan continues.
 *
 * @param root - Pathname for errors that have none of their own.
 * @param tree - Sends every entry, and ends when the scan has.
 * @throws Any error thrown by the scan itself or by the tree.
 */
export function eachEntry(importer: Importer, root: string, signal: AbortSignal, tree: Tree): Promise<void> {
  return withOwnSignal(signal, async (own) => {
    const entries: unknown = await untilAborted(importer.scan({ signal: own }), own, discard);
    if (!isIterable(entries)) throw new InvalidValue(`scan() returned ${describe(entries)}: an iterable is needed`);
    let warned = false;
    let last: ScannedRecord | undefined;
    await eachUntilAbort(entries, own, (entry) => {
      const scanned = checkEntry(entry, root);
      if (scanned.type === "record") last = scanned;
      else if (scanned.type === "attribute" && last?.pathname === scanned.pathname) checkListed(last, scanned);
      if (!warned && scanned.type === "record" && showsNoChange(scanned.fileInfo)) {
        warned = true;
        noticeUnnoticeable(scanned.pathname);
      }
      return tree.send(scanned);
    });
    await tree.end();
  });
}

/** Logs that an attribute is lost on restore, where the names that its entry lists tell its owner. */
function checkListed({ pathname, extendedAttributes }: ScannedRecord, { attribute: { name } }: ScannedAttribute): void {
  if (extendedAttributes.includes(name)) return;
  noticeOnce(
    `importer: ${JSON.stringify(pathname)} has the extended attribute ${JSON.stringify(name)}, ` +
      "which its extendedAttributes do not list, so that it cannot be restored",
  );
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
