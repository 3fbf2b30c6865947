import type { RoundTrip } from "./round-trip.js";
import { formatTable } from "./table.js";

/** Maximum number of differences or errors to list. The rest is counted. */
const MAX_LISTED = 20;

/** Prints the result: first errors and differences, then a table. */
export function report(source: string, trips: readonly RoundTrip[]): void {
  for (const { generation, errors, differences } of trips) {
    list(`${generation}: errors`, errors);
    list(`${generation}: differences`, differences);
  }
  if (trips.length === 0) return;
  if (trips.some(({ leftOut }) => leftOut.length > 0)) {
    console.log(
      "Left out: sockets and devices, which Plakar does not restore, and FIFOs, which v1.0 does not restore.\n",
    );
  }
  console.log(`${source}, backed up, stored, read back, restored and compared:\n`);
  const heading = ["generation", "entries", "bytes", "left out", "errors", "differences", "seconds"];
  const rows = trips.map((trip) => [
    trip.generation,
    trip.compared,
    trip.bytes,
    trip.leftOut.length,
    trip.errors.length,
    trip.differences.length,
    Number(trip.seconds.toFixed(1)),
  ]);
  console.log(formatTable([heading, ...rows]));
}

function list(title: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  console.log(`${title}:`);
  for (const line of lines.slice(0, MAX_LISTED)) console.log(`  ${line}`);
  if (lines.length > MAX_LISTED) console.log(`  … and ${(lines.length - MAX_LISTED).toLocaleString("en")} more`);
  console.log();
}
