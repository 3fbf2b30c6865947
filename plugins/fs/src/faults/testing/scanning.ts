import { expect } from "@jest/globals";
import type { Generation, ImporterClient, Scan, ScannedRecord } from "@kloset/host";
import { importerOf, type ConnectorChoice } from "./connectors.js";
import { boundByPermissions } from "./surroundings.js";

/** An importer whose scan is complete and whose files have not been opened. */
export interface Scanned {
  readonly client: ImporterClient;
  /** All entries but errors and extended attributes, by pathname. */
  readonly records: ReadonlyMap<string, ScannedRecord>;
  /** The entries that are errors, as "pathname: text". */
  readonly errors: readonly string[];
  /** Acknowledges all records, and expects the process to exit with 0. Returns what it has written to stderr. */
  readonly end: () => Promise<string>;
}

/** Starts the importer as a user bound by permissions, and scans to the end without opening a file. */
export async function scanned(
  generation: Generation,
  path: string,
  choice: Partial<ConnectorChoice> = {},
): Promise<Scanned> {
  const { client, plugin, stop } = await importerOf({
    generation,
    path,
    surroundings: boundByPermissions(),
    ...choice,
  });
  const scan: Scan = client.scan();
  const all: ScannedRecord[] = [];
  const records = new Map<string, ScannedRecord>();
  const errors: string[] = [];
  for await (const record of scan) {
    all.push(record);
    if (record.error !== undefined) errors.push(`${record.pathname}: ${record.error}`);
    else if (record.attribute === undefined) records.set(record.pathname, record);
  }
  const end = async (): Promise<string> => {
    for (const record of all) await scan.acknowledge(record);
    await scan.finish();
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
    return plugin.stderrText();
  };
  return { client, records, errors, end };
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
