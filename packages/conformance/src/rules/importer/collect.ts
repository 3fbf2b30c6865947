import { PluginError } from "@kloset/host";
import { isRegularFile } from "@kloset/model";
import type { Harness } from "../../harness.js";
import type { WireImporter, WireInfo, WireRecord, WireScan } from "./wire.js";

/** The number of files a rule reads at most, because a source can have any size. */
export const MAX_FILES = 64;
/** Rules that read whole files skip larger ones. */
export const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** How to have a rule checked that needs certain files. */
export const ADD_FILES = "add such files to the source";

/** The rule does not apply if the kit does not know the content of the source. */
export function requireKnownSource(harness: Harness<"importer">): void {
  if (harness.knowsSource) return;
  harness.notApplicable(
    "the kit does not know the content of the plugin's source",
    "put {directory} into the location if the plugin reads local files, or pass the plugin's exporter with --seed",
  );
}

/** The rule does not apply if the kit and the plugin share no folder. */
export function requireSource(harness: Harness<"importer">): void {
  if (harness.subject.seed === undefined) requireKnownSource(harness);
  if (!harness.seesDirectory)
    harness.notApplicable(
      "the kit cannot delete files from the plugin's source",
      "put {directory} into the location if the plugin reads local files",
    );
}

/** Quotes a name for a message; control characters stay visible. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** Returns whether a record describes a regular file. */
export function isFile({ fileInfo, error, attribute }: WireRecord): boolean {
  return error === undefined && attribute === undefined && fileInfo !== undefined && isRegularFile(fileInfo.mode);
}

/** Returns whether a record is an entry: neither an extended attribute nor an error. */
export function isEntry({ error, attribute }: WireRecord): boolean {
  return error === undefined && attribute === undefined;
}

/** Returns the size that a record states: 0 without a fileInfo, negative if unknown. */
export function sizeOf({ fileInfo }: WireRecord): number {
  return Number(fileInfo?.size ?? 0n);
}

/** Returns the fields of a fileInfo that hosts compare with the last snapshot, to learn whether to read the file. */
export function comparedOf(info: WireInfo | undefined): object {
  if (info === undefined) return {};
  const { size, mode, modTime, dev, ino, uid, gid, nlink, username, groupname } = info;
  const time = { seconds: String(modTime?.seconds), nanos: modTime?.nanos };
  const ids = { dev: String(dev), ino: String(ino), uid: String(uid), gid: String(gid), nlink };
  return { ...(size >= 0n && { size: String(size) }), mode, ...time, ...ids, username, groupname };
}

/** Reads a scan to its end. Ignores the error a plugin ends it with, which a rule of its own checks. */
export async function drain(scan: WireScan, onRecord: (record: WireRecord) => Promise<void>): Promise<void> {
  await tolerate(async () => {
    for (let record = await scan.next(); record !== undefined; record = await scan.next()) await onRecord(record);
  });
}

/** Half-closes a scan and waits for its end. Ignores the error a plugin ends it with. */
export async function endScan(scan: WireScan): Promise<void> {
  await tolerate(() => scan.finish());
}

/** Ignores errors that the plugin answers with; a hang or a lost connection still throws. */
async function tolerate(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
  }
}

/**
 * Scans to the end, and acknowledges each record once it has been visited.
 *
 * @param visit - Called with each record before it is acknowledged.
 * @returns All records in the order of arrival.
 */
export async function scanAll(
  importer: WireImporter,
  visit: (record: WireRecord) => Promise<void> = async () => undefined,
): Promise<WireRecord[]> {
  const records: WireRecord[] = [];
  const scan = importer.scan();
  await drain(scan, async (record) => {
    records.push(record);
    await visit(record);
    await scan.acknowledge(record);
  });
  await endScan(scan);
  return records;
}

/**
 * Scans, and visits the regular files of at most {@link MAX_FILE_BYTES}, up to {@link MAX_FILES} of them.
 *
 * @returns The number of files visited.
 */
export async function eachFile(importer: WireImporter, visit: (record: WireRecord) => Promise<void>): Promise<number> {
  let files = 0;
  await scanAll(importer, async (record) => {
    if (!isFile(record) || sizeOf(record) > MAX_FILE_BYTES || files >= MAX_FILES) return;
    files++;
    await visit(record);
  });
  return files;
}
