import { PluginError } from "@kloset/host";
import { isRegularFile } from "@kloset/model";
import type { WireImporter, WireRecord, WireScan } from "./wire.js";

/** Files that rules read which look at all of them: a bound for sources of any size. */
export const MAX_FILES = 64;
/** What is larger is not read by rules that read whole files. */
export const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** A name in a message: whatever is in it stays visible. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** Whether a record says that the entry is a regular file. */
export function isFile({ fileInfo, error, attribute }: WireRecord): boolean {
  return error === undefined && attribute === undefined && fileInfo !== undefined && isRegularFile(fileInfo.mode);
}

/** Whether a record is an entry: neither an extended attribute nor an error. */
export function isEntry({ error, attribute }: WireRecord): boolean {
  return error === undefined && attribute === undefined;
}

/** @returns The size that a record tells; 0 when it tells none. */
export function sizeOf({ fileInfo }: WireRecord): number {
  return Number(fileInfo?.size ?? 0n);
}

/** Reads a scan to its end, or to the error that the plugin ends it with: one rule looks at that. */
export async function drain(scan: WireScan, onRecord: (record: WireRecord) => Promise<void>): Promise<void> {
  await tolerate(async () => {
    for (let record = await scan.next(); record !== undefined; record = await scan.next()) await onRecord(record);
  });
}

/** Ends a scan, whatever the plugin answers. */
export async function endScan(scan: WireScan): Promise<void> {
  await tolerate(() => scan.finish());
}

/** Does something of which only a hang or a lost connection counts. */
async function tolerate(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
  }
}

/**
 * Scans to the end; each record is acknowledged as soon as it was visited.
 *
 * @param visit - Called with each, before it is acknowledged.
 * @returns Every record, in the order in which they came.
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

/** Scans, and visits the regular files that can be read whole, {@link MAX_FILES} at most. @returns How many. */
export async function eachFile(importer: WireImporter, visit: (record: WireRecord) => Promise<void>): Promise<number> {
  let files = 0;
  await scanAll(importer, async (record) => {
    if (!isFile(record) || sizeOf(record) > MAX_FILE_BYTES || files >= MAX_FILES) return;
    files++;
    await visit(record);
  });
  return files;
}
