import type { ImporterClient, Scan, ScannedRecord } from "@kloset/host";

/** The records of a scan and how it ended. */
export interface ScanOutcome {
  readonly records: ScannedRecord[];
  /** The error that the scan threw. */
  readonly error?: unknown;
}

/** Reads a scan to its end and acknowledges every record. */
export async function scanAll(scan: Scan): Promise<ScanOutcome> {
  const records: ScannedRecord[] = [];
  try {
    for await (const record of scan) {
      records.push(record);
      await scan.acknowledge(record);
    }
    await scan.finish();
    return { records };
  } catch (error) {
    return { records, error };
  }
}

/** Reads a scan up to a record and leaves it open: a cancelled scan forgets its entries. */
export async function scanUntil(scan: Scan, pathname: string): Promise<void> {
  const records = scan[Symbol.asyncIterator]();
  for (;;) {
    const next = await records.next();
    if (next.done === true) throw new Error(`the scan has no ${pathname}`);
    if (next.value.pathname === pathname) return;
  }
}

/** Returns the content of a file. */
export async function contentOf(client: ImporterClient, pathname: string, signal?: AbortSignal): Promise<Buffer> {
  return Buffer.concat(await bytesOf(client.open(recordOf(pathname), signal)));
}

/** Returns all chunks of a stream. */
export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

/** Returns a minimal record for a pathname. */
export function recordOf(pathname: string): ScannedRecord {
  const nothing = { fileInfo: undefined, attribute: undefined, error: undefined };
  return { pathname, target: "", extendedAttributes: [], fileAttributes: 0, ...nothing };
}
