import { fileTypeOf } from "@kloset/model";
import type { ImporterClient, ScannedRecord } from "../client/importer-client.js";

/** Contents of a source, counted. */
export interface SourceCount {
  readonly directories: number;
  readonly files: number;
  readonly symlinks: number;
  /** FIFOs, sockets, devices and other types. */
  readonly others: number;
  /** Extended attributes. */
  readonly attributes: number;
  readonly errors: number;
  /** Total size of the regular files. */
  readonly bytes: number;
}

/**
 * Counts the records of an importer, then closes it. Acknowledges every record and opens none. v1.1 hosts do this in a
 * separate process before a backup, unless the importer's flags include STREAM. v1.0 hosts and plaklet never do it.
 *
 * @throws PluginError if the scan fails.
 */
export async function count(
  importer: ImporterClient,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<SourceCount> {
  const totals = { directories: 0, files: 0, symlinks: 0, others: 0, attributes: 0, errors: 0, bytes: 0 };
  const scan = importer.scan(options.signal);
  for await (const record of scan) {
    totals[classOf(record)]++;
    if (classOf(record) === "files") totals.bytes += Math.max(0, record.fileInfo?.size ?? 0);
    await scan.acknowledge(record);
  }
  await scan.finish();
  await importer.close();
  return totals;
}

function classOf(record: ScannedRecord): Exclude<keyof SourceCount, "bytes"> {
  if (record.error !== undefined) return "errors";
  if (record.attribute !== undefined || record.fileInfo === undefined) return "attributes";
  switch (fileTypeOf(record.fileInfo.mode)) {
    case "file":
      return "files";
    case "directory":
      return "directories";
    case "symlink":
      return "symlinks";
    default:
      return "others";
  }
}
