import { isRegularFile, type Awaitable, type ByteStream } from "@kloset/model";
import type { ImporterClient, Scan, ScannedRecord } from "../client/importer-client.js";
import { PluginConnectionError } from "../errors.js";
import { OnceContent } from "./once-content.js";
import { readAhead, type SharedItems } from "./read-ahead.js";
import { eitherSignal, runWorkers } from "./workers.js";

/** Takes what a backup finds. Up to `maxConcurrency` calls run at once. */
export interface BackupSink {
  /**
   * Takes an entry or an extended attribute. The record counts as done when this
   * resolves. A throw is reported to {@link BackupSink.error}, and the backup goes on.
   *
   * @param content - For regular files and extended attributes. The plugin is asked for it when
   * the iteration begins: leave it alone, and it is never opened, as hosts do with unchanged files.
   * Throws where the plugin's reader fails: then throw away what came.
   */
  record(record: ScannedRecord, content: ByteStream | undefined, signal: AbortSignal): Awaitable<void>;
  /** Takes what could not be scanned, read or kept. A throw ends the backup. */
  error(record: ScannedRecord, error: Error): Awaitable<void>;
}

/** How a backup is run. */
export interface BackupOptions {
  /** Records in work at once. Default: what `Init` told the plugin. */
  readonly maxConcurrency?: number | undefined;
  /** Aborts the backup. */
  readonly signal?: AbortSignal | undefined;
}

/** What a backup did. */
export interface BackupSummary {
  /** Entries and extended attributes that the sink kept. */
  readonly records: number;
  /** Records that were reported as errors. */
  readonly errors: number;
  /** Bytes of content read. */
  readonly bytes: number;
}

/** Hosts of v1.0 ask for origin, type and root one by one, and twice. */
const V1_0_IDENTITY_CALLS = 6;
/** Records that a v1.0 host reads ahead of its workers. */
const V1_0_READ_AHEAD = 1000;

/**
 * Backs up all that an importer has, as Plakar does, and closes the importer.
 *
 * v1.0: Info six times, Scan while workers open and close readers. v1.1: Import,
 * Open for regular files and extended attributes, one Result for every record,
 * half-close, and the plugin's end of the stream. Close at the end.
 *
 * @throws PluginError when the scan fails. What fails for one record alone is
 * reported to the sink, and counted.
 */
export async function backup(
  importer: ImporterClient,
  sink: BackupSink,
  options: BackupOptions = {},
): Promise<BackupSummary> {
  const concurrency = Math.max(1, options.maxConcurrency ?? importer.options.maxConcurrency);
  if (importer.generation === "v1.0") {
    for (let i = 0; i < V1_0_IDENTITY_CALLS; i++) await importer.identity(options.signal);
  }
  const totals = { records: 0, errors: 0, bytes: 0 };
  const abort = new AbortController();
  const signal = eitherSignal(abort.signal, options.signal);
  const scan = importer.scan(signal);
  const records = readAhead(scan, importer.generation === "v1.0" ? V1_0_READ_AHEAD : concurrency);
  try {
    await runWorkers(concurrency, abort, async () => {
      await keepRecords({ importer, sink, scan, records, totals, signal });
    });
    await scan.finish();
  } finally {
    await records.stop();
  }
  await importer.close();
  return totals;
}

interface Work {
  readonly importer: ImporterClient;
  readonly sink: BackupSink;
  readonly scan: Scan;
  readonly records: SharedItems<ScannedRecord>;
  readonly totals: { records: number; errors: number; bytes: number };
  readonly signal: AbortSignal;
}

async function keepRecords(work: Work): Promise<void> {
  for (;;) {
    work.signal.throwIfAborted();
    const record = await work.records.next();
    if (record === undefined) return;
    const size = await keepRecord(work, record);
    await work.scan.acknowledge(record, { size });
  }
}

/** @returns Bytes of the content, when it was read to its end. */
async function keepRecord(work: Work, record: ScannedRecord): Promise<number | undefined> {
  const { importer, sink, totals, signal } = work;
  if (record.error !== undefined) {
    totals.errors++;
    await sink.error(record, new Error(record.error));
    return undefined;
  }
  const content = hasContent(record) ? new OnceContent(record.pathname, importer.open(record, signal)) : undefined;
  try {
    await sink.record(record, content, signal);
    totals.records++;
  } catch (error) {
    // Nothing more can come of it.
    if (signal.aborted || error instanceof PluginConnectionError) throw error;
    totals.errors++;
    await sink.error(record, error instanceof Error ? error : new Error(String(error)));
  }
  totals.bytes += content?.bytes ?? 0;
  return content?.complete === true ? content.bytes : undefined;
}

/** Hosts open every regular file, empty ones too, and every extended attribute. */
function hasContent(record: ScannedRecord): boolean {
  return record.attribute !== undefined || (record.fileInfo !== undefined && isRegularFile(record.fileInfo.mode));
}
