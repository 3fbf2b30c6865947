import { backup, JobError, openImporter, type ScannedRecord } from "@kloset/host";
import { fileTypeOf, isRegularFile, type ByteStream } from "@kloset/model";
import type { CommandContext } from "../command.js";
import { ExitCode } from "../exit-code.js";
import { linesReport } from "./scan-lines.js";
import { tableReport } from "./scan-table.js";
import { textOf, withPlugin, type PluginOptions } from "./session.js";

/** Options of `kloset inspect scan`. */
export interface ScanOptions extends PluginOptions {
  /** True to read all contents. */
  readonly read?: boolean | undefined;
}

/** Totals of a scan so far. */
export interface ScanTotals {
  /** Entries and extended attributes without an error. */
  records: number;
  directories: number;
  files: number;
  /** Symbolic links, devices, FIFOs and sockets. */
  others: number;
  attributes: number;
  /** Records that could not be scanned or read. */
  errors: number;
  /** Bytes of content: read with `--read`, otherwise the sizes of the regular files. */
  bytes: number;
  /** Regular files of unknown size. Their bytes are counted only with `--read`. */
  unknownSizes: number;
}

/** Shows a scan while it runs. */
export interface ScanReport {
  record(record: ScannedRecord): Promise<void>;
  error(pathname: string, message: string): Promise<void>;
  /** Called once at the end, also of a scan that failed. */
  end(): void;
  /** Called after {@link ScanReport.end} of a scan that reached its end. */
  summary(totals: ScanTotals, seconds: number): Promise<void>;
}

const MILLISECONDS = 1000;

/** Runs `kloset inspect scan`: backs up the source as Plakar does, and keeps nothing. */
export async function scan(
  context: CommandContext,
  plugin: string,
  location: string,
  options: ScanOptions,
): Promise<void> {
  const { terminal } = context;
  const totals: ScanTotals = {
    ...{ records: 0, directories: 0, files: 0, others: 0, attributes: 0, errors: 0, bytes: 0, unknownSizes: 0 },
  };
  const report = terminal.isTerminal && options.json !== true ? tableReport(terminal, totals) : linesReport(terminal);
  const started = performance.now();
  try {
    await withPlugin(context, plugin, options, async ({ connection, signal }) => {
      const importer = await openImporter(connection, { location, config: options.option });
      try {
        await backup(importer, sinkOf(report, totals, options.read === true), { signal });
      } catch (error) {
        // The records that failed are shown, and counted, already.
        if (!(error instanceof JobError)) throw error;
      }
    });
  } finally {
    report.end();
  }
  await report.summary(totals, (performance.now() - started) / MILLISECONDS);
  if (totals.errors > 0) context.exitWith(ExitCode.FAILED);
}

function sinkOf(report: ScanReport, totals: ScanTotals, reads: boolean): Parameters<typeof backup>[1] {
  return {
    async record(record, content) {
      const bytes = reads && content !== undefined ? await readAll(record, content) : (sizeOf(record) ?? 0);
      totals.bytes += bytes;
      countKind(totals, record);
      await report.record(record);
    },
    async error({ pathname }, error) {
      totals.errors++;
      await report.error(pathname, textOf(error));
    },
  };
}

/** @throws Error if the number of bytes differs from the size of the record. */
async function readAll(record: ScannedRecord, content: ByteStream): Promise<number> {
  let bytes = 0;
  for await (const chunk of content) bytes += chunk.length;
  assertSize(record, bytes);
  return bytes;
}

/** @throws Error if the number of bytes differs from the size of the record. */
export function assertSize(record: ScannedRecord, bytes: number): void {
  const size = sizeOf(record);
  if (size === undefined || size === bytes) return;
  throw new Error(`the scan reported ${size} bytes, but the content has ${bytes}`);
}

/** Returns the size of a regular file, if it is known. */
function sizeOf({ fileInfo }: ScannedRecord): number | undefined {
  return fileInfo !== undefined && isRegularFile(fileInfo.mode) ? fileInfo.size : undefined;
}

function countKind(totals: ScanTotals, record: ScannedRecord): void {
  totals.records++;
  if (record.fileInfo === undefined) {
    totals.attributes++;
    return;
  }
  const type = fileTypeOf(record.fileInfo.mode);
  if (type === "file") totals.files++;
  else if (type === "directory") totals.directories++;
  else totals.others++;
  if (type === "file" && record.fileInfo.size === undefined) totals.unknownSizes++;
}
