import { expect } from "@jest/globals";
import type { Generation, ImporterClient, Scan, ScannedRecord } from "@kloset/host";
import { importerOf } from "./connectors.js";
import { boundByPermissions } from "./surroundings.js";

/** An importer whose scan is complete and whose files have not been opened. */
export interface Scanned {
  readonly client: ImporterClient;
  readonly records: ReadonlyMap<string, ScannedRecord>;
  /** Acknowledges all records, and expects the process to exit with 0. */
  readonly end: () => Promise<void>;
}

/** Starts the importer as a user bound by permissions, and scans to the end without opening a file. */
export async function scanned(generation: Generation, path: string): Promise<Scanned> {
  const { client, stop } = await importerOf({ generation, path, surroundings: boundByPermissions() });
  const scan: Scan = client.scan();
  const records = new Map<string, ScannedRecord>();
  for await (const record of scan) records.set(record.pathname, record);
  const end = async (): Promise<void> => {
    for (const record of records.values()) await scan.acknowledge(record);
    await scan.finish();
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  };
  return { client, records, end };
}

/** Returns the record of a path that was scanned. */
export function recordOf({ records }: Scanned, path: string): ScannedRecord {
  const record = records.get(path);
  if (record === undefined) throw new Error(`${path} was not scanned`);
  return record;
}

/** Opens a file that was scanned, and reads all of it. */
export async function contentOf(importer: Scanned, path: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of importer.client.open(recordOf(importer, path))) chunks.push(chunk);
  return Buffer.concat(chunks);
}
