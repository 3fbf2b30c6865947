import { Writable } from "node:stream";
import type { ScannedRecord } from "@kloset/host";
import { fileTypeOf } from "@kloset/model";
import { MultiBar } from "cli-progress";
import type { Terminal } from "../terminal.js";
import { write } from "./output.js";
import { permissionsOf } from "./record-json.js";
import type { ScanReport, ScanTotals } from "./scan.js";
import { bytesText, shown } from "./shown.js";
import { tableText } from "../table.js";

const NANOSECONDS_PER_MILLISECOND = 1_000_000n;
const MILLISECONDS = 1000;

/** Columns before the pathname. */
const COLUMN_WIDTHS = [11, 6, 12, 22];

/** Shows a scan as a table that grows, with the totals in the last line of the terminal. */
export function tableReport(terminal: Terminal, totals: ScanTotals): ScanReport {
  const bars = new MultiBar({
    stream: terminalStream(terminal),
    format: "{text}",
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
    linewrap: false,
  });
  const started = performance.now();
  const bar = bars.create(1, 0, { text: "starting" });
  const row = (cells: readonly string[]): void => {
    bar.update({ text: totalsText(totals, (performance.now() - started) / MILLISECONDS) });
    bars.log(`${tableText([cells], { widths: COLUMN_WIDTHS })}\n`);
  };
  row(["TYPE", "MODE", "SIZE", "MODIFIED", "PATHNAME"]);
  return {
    record: async (record) => {
      row(cellsOf(record));
      await room(totals);
    },
    error: async (pathname, message) => {
      row(["error", "", "", "", `${shown(pathname)}: ${message}`]);
      await room(totals);
    },
    end: () => {
      // Draws the rows that are waiting, which stop() does not.
      bars.update();
      bars.stop();
    },
    summary: async (all, seconds) => {
      await write(terminal, `${summaryText(all, seconds)}\n`);
    },
  };
}

/** Number of rows after which the bar gets a turn of the event loop to draw them. */
const ROWS_PER_TURN = 100;

async function room({ records, errors }: ScanTotals): Promise<void> {
  if ((records + errors) % ROWS_PER_TURN !== 0) return;
  await new Promise((resolve) => setImmediate(resolve));
}

function cellsOf({ pathname, fileInfo, target, attribute }: ScannedRecord): string[] {
  if (attribute !== undefined) return ["attribute", "", "", "", `${shown(pathname)} ${shown(attribute.name)}`];
  if (fileInfo === undefined) return ["", "", "", "", shown(pathname)];
  const { mode, size, modTime } = fileInfo;
  const type = fileTypeOf(mode);
  const sizeText = size === undefined ? "unknown" : String(size);
  const arrow = target === "" ? "" : ` -> ${shown(target)}`;
  return [type, permissionsOf(mode), type === "file" ? sizeText : "", timeText(modTime), shown(pathname) + arrow];
}

function timeText(modTime: bigint): string {
  const date = new Date(Number(modTime / NANOSECONDS_PER_MILLISECOND));
  return Number.isNaN(date.getTime()) ? `${modTime} ns` : date.toISOString().replace(/\.\d+Z$/, "Z");
}

function totalsText({ records, bytes, errors }: ScanTotals, seconds: number): string {
  const rate = seconds > 0 ? bytes / seconds : 0;
  return `${records} records, ${bytesText(bytes)}, ${bytesText(Math.round(rate))}/s, ${errors} errors`;
}

function summaryText(totals: ScanTotals, seconds: number): string {
  const { records, directories, files, others, attributes, errors, bytes, unknownSizes } = totals;
  return tableText([
    ["records", String(records)],
    ["directories", String(directories)],
    ["files", String(files)],
    ["other entries", String(others)],
    ["attributes", String(attributes)],
    ["bytes", `${bytes} (${bytesText(bytes)})`],
    ...(unknownSizes > 0 ? [["files of unknown size", String(unknownSizes)]] : []),
    ["rate", `${bytesText(Math.round(bytes / seconds))}/s, ${Math.round(records / seconds)} records/s`],
    ["seconds", seconds.toFixed(2)],
    ["errors", String(errors)],
  ]);
}

/** The stream that the progress library draws on. */
function terminalStream(terminal: Terminal): NodeJS.WritableStream {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      terminal.out(chunk.toString());
      done();
    },
  });
  return Object.assign(stream, { isTTY: true, columns: terminal.columns });
}
