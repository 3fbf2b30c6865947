import type { Terminal } from "../terminal.js";
import { writeJson } from "./output.js";
import { recordJson } from "./record-json.js";
import type { ScanReport } from "./scan.js";

/** Shows a scan as JSON Lines: one for each record or error, and a summary at the end. */
export function linesReport(terminal: Terminal): ScanReport {
  return {
    record: (record) => writeJson(terminal, recordJson(record)),
    error: (pathname, message) => writeJson(terminal, { type: "error", pathname, message }),
    end: () => undefined,
    summary: (totals, seconds) =>
      writeJson(terminal, {
        type: "summary",
        ...totals,
        seconds,
        recordsPerSecond: totals.records / seconds,
        bytesPerSecond: totals.bytes / seconds,
      }),
  };
}
