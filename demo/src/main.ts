#!/usr/bin/env node
/**
 * The main job: backs up a real folder, keeps it in a storage, restores it, and
 * compares, once for each generation of Plakar's wire protocol.
 */
import { mkdtemp, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { roundTrip, type RoundTrip } from "./round-trip.js";
import { formatTable } from "./table.js";

/** On every machine after `npm ci`, and thousands of files. */
const defaultFolder = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** Differences and errors that are listed; the rest is counted. */
const MAX_LISTED = 20;

const usage = `Usage: npm run demo [-- DIR] [-- --keep DIR]

Backs up DIR (default: node_modules) through the plugin in plugins/fs, restores it
to a temporary folder and compares, once for each generation of Plakar's wire
protocol. Nothing in DIR is changed.

  --keep   keep the temporary folder, with the storage and the restored files
  --help   show this text
`;

process.exitCode = await main();

async function main(): Promise<number> {
  let options;
  try {
    options = parseArgs({
      allowPositionals: true,
      options: { keep: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
    });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (options.values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const folder = options.positionals[0] ?? defaultFolder;
  const source = await folderOf(folder);
  if (source === undefined || options.positionals.length > 1) {
    process.stderr.write(`${JSON.stringify(options.positionals.join(" "))} is not a folder\n\n${usage}`);
    return 2;
  }
  const trips: RoundTrip[] = [];
  for (const generation of ["v1.0", "v1.1"] as const) {
    const work = await mkdtemp(join(await realpath(tmpdir()), "kloset-demo-"));
    try {
      trips.push(await roundTrip(generation, source, work));
    } catch (error) {
      process.stderr.write(`${generation}: ${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    } finally {
      if (options.values.keep) process.stderr.write(`kept: ${work}\n`);
      else await rm(work, { recursive: true, force: true });
    }
  }
  report(source, trips);
  return trips.every(({ differences, errors }) => differences.length === 0 && errors.length === 0) ? 0 : 1;
}

async function folderOf(path: string): Promise<string | undefined> {
  try {
    const resolved = await realpath(path);
    return (await stat(resolved)).isDirectory() ? resolved : undefined;
  } catch {
    return undefined;
  }
}

function report(source: string, trips: readonly RoundTrip[]): void {
  for (const { generation, errors, differences } of trips) {
    list(`${generation}: errors`, errors);
    list(`${generation}: differences`, differences);
  }
  const leftOut = trips.reduce((sum, trip) => sum + trip.leftOut.length, 0);
  if (leftOut > 0) console.log("Left out: sockets and devices, which no Plakar can restore, and on v1.0 FIFOs, too.\n");
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
  if (lines.length > MAX_LISTED) console.log(`  … and ${String(lines.length - MAX_LISTED)} more`);
  console.log();
}
