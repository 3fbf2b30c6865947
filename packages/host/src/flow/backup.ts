import { isRegularFile, type Awaitable, type ByteStream } from "@kloset/model";
import type { ImporterClient, ScannedRecord } from "../client/importer-client.js";
import { PluginConnectionError, PluginContractError } from "../errors.js";
import { HOSTS } from "../hosts.js";
import { nameProblem } from "./entry-names.js";
import { JobFailures } from "./job-failures.js";
import { forEachLimited } from "./limiter.js";
import { OnceContent } from "./once-content.js";
import { readAhead } from "./read-ahead.js";
import { eitherSignal } from "./signals.js";

/** Receives the records of a backup. Up to `maxConcurrency` calls run at the same time. */
export interface BackupSink {
  /**
   * Stores an entry or an extended attribute. The record is done when the promise resolves. A thrown error is passed to
   * {@link BackupSink.error}, and the backup continues.
   *
   * @param content - Present for regular files and extended attributes. The plugin opens it when iteration begins. Do
   * not iterate it to skip it, as hosts do with unchanged files. Iteration throws if the plugin's reader fails: discard
   * what was read until then.
   */
  record(record: ScannedRecord, content: ByteStream | undefined, signal: AbortSignal): Awaitable<void>;
  /** Receives a record that could not be scanned, read or stored. A thrown error ends the backup. */
  error(record: ScannedRecord, error: Error): Awaitable<void>;
}

/** Options of {@link backup}. */
export interface BackupOptions {
  /** Number of records processed at the same time. Default: the value sent in `Init`. */
  readonly maxConcurrency?: number | undefined;
  /** Aborts the backup. */
  readonly signal?: AbortSignal | undefined;
}

/** Totals of a backup. */
export interface BackupSummary {
  /** Entries and extended attributes that the sink stored. */
  readonly records: number;
  /** Records passed to {@link BackupSink.error}. */
  readonly errors: number;
  /** Bytes of content read. */
  readonly bytes: number;
}

/** v1.0 hosts request origin, type and root one at a time, each twice. */
const V1_0_IDENTITY_CALLS = 6;
/** Number of records that a v1.0 host reads ahead of its workers. */
const V1_0_READ_AHEAD = 1000;

/**
 * Backs up everything that an importer yields, as Plakar does, and closes the importer.
 *
 * v1.0: Info six times, then Scan, while workers open and close readers. v1.1: Import, with Open for regular files and
 * extended attributes, one Result for every record, a half-close, and the plugin's end of the stream. Then Close.
 * As `"kloset-1.1.4"`, a record whose name or pathname makes the snapshot unreadable fails.
 *
 * @throws PluginError if the scan fails. A failure of a single record is passed to the sink and counted.
 * @throws JobError after the end, if a record failed and the host (`"plaklet"`) then fails the job.
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
  const failures = new JobFailures("backup");
  const fail = async (record: ScannedRecord, error: Error): Promise<void> => {
    totals.errors++;
    failures.note(record.pathname, error);
    await sink.error(record, error);
  };
  const abort = new AbortController();
  const signal = eitherSignal(abort.signal, options.signal);
  const scan = importer.scan(signal);
  const records = readAhead(scan, importer.generation === "v1.0" ? V1_0_READ_AHEAD : concurrency);
  try {
    const next = async (): Promise<ScannedRecord | undefined> => {
      signal.throwIfAborted();
      return await records.next();
    };
    await forEachLimited(next, concurrency, abort, async (record) => {
      const size = await storeRecord({ importer, sink, fail, totals, signal }, record);
      await scan.acknowledge(record, { size });
    });
    await scan.finish();
  } finally {
    await records.stop();
  }
  await importer.close();
  if (HOSTS[importer.like].failsJobOnError) failures.assertNone();
  return totals;
}

interface RunningBackup {
  readonly importer: ImporterClient;
  readonly sink: BackupSink;
  readonly fail: (record: ScannedRecord, error: Error) => Promise<void>;
  readonly totals: { records: number; errors: number; bytes: number };
  readonly signal: AbortSignal;
}

/** @returns The number of bytes of the content, if it was read to its end. */
async function storeRecord(
  { importer, sink, fail, totals, signal }: RunningBackup,
  record: ScannedRecord,
): Promise<number | undefined> {
  const invalid = invalidity(importer, record);
  if (invalid !== undefined) {
    await fail(record, invalid);
    return undefined;
  }
  const content = hasContent(record) ? new OnceContent(record.pathname, importer.open(record, signal)) : undefined;
  try {
    await sink.record(record, content, signal);
    totals.records++;
  } catch (error) {
    // No further record can succeed.
    if (signal.aborted || error instanceof PluginConnectionError) throw error;
    await fail(record, error instanceof Error ? error : new Error(String(error)));
  }
  totals.bytes += content?.bytes ?? 0;
  return content?.complete === true ? content.bytes : undefined;
}

/** Returns the reason why a record is not stored. */
function invalidity(importer: ImporterClient, record: ScannedRecord): Error | undefined {
  if (record.error !== undefined) return new Error(record.error);
  if (!HOSTS[importer.like].checksNames) return undefined;
  const problem = nameProblem(record.pathname, record.fileInfo);
  return problem === undefined ? undefined : new PluginContractError(problem);
}

/** Hosts open every regular file, including empty ones, and every extended attribute. */
function hasContent(record: ScannedRecord): boolean {
  return record.attribute !== undefined || (record.fileInfo !== undefined && isRegularFile(record.fileInfo.mode));
}
