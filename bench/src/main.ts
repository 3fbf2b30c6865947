import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommanderError } from "commander";
import { compare } from "./compare.js";
import { client, pluginsOf } from "./contestants.js";
import { drive } from "./drive.js";
import { optionsOf, type Options } from "./options.js";
import { chartOf } from "./report/chart.js";
import { cellsOf } from "./report/lines.js";
import { markdownReport } from "./report/markdown.js";
import { versionLine, type Report } from "./report/report.js";
import { terminalReport } from "./report/terminal.js";
import type { Row } from "./rows.js";
import { measureStart } from "./start.js";
import { summaryOf, type RowSummary } from "./summary.js";
import { versionsOf } from "./versions.js";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));
const USAGE_EXIT_CODE = 2;
const ID_WIDTH = 18;
const DATE_LENGTH = "2026-04-01".length;

function wanted(): Options {
  try {
    return optionsOf(process.argv.slice(2), docs);
  } catch (error) {
    // Commander has printed its own errors, and the help.
    if (!(error instanceof CommanderError)) process.stderr.write(`${messageOf(error)}\n`);
    else if (error.exitCode === 0) process.exit(0);
    process.exit(USAGE_EXIT_CODE);
  }
}

async function measureRow(row: Row, rounds: number, env: NodeJS.ProcessEnv): Promise<RowSummary> {
  const { work, count, size, calls, folder = row.onDisk === true ? tmpdir() : undefined } = row;
  const plugins = pluginsOf(row);
  const measured = await compare(rounds, (name) => {
    const { command, config } = plugins[name];
    return drive(client, { work, count, size, calls, folder, config, plugin: command }, env);
  });
  return summaryOf(row, measured);
}

async function measure({ rows, rounds, server, whole, judged }: Options): Promise<Report> {
  const env = server === undefined ? process.env : { ...process.env, KLOSET_SERVER: server };
  const versions = versionsOf(client, env["KLOSET_SERVER"] ?? "default");
  const date = new Date().toISOString().slice(0, DATE_LENGTH);
  const summaries: RowSummary[] = [];
  for (const [index, row] of rows.entries()) {
    const summary = await measureRow(row, rounds, env);
    summaries.push(summary);
    // Report each row as soon as it is known: a whole run is long.
    const found = judged ? cellsOf(summary).slice(2).join("  ") : "works";
    process.stderr.write(`${index + 1}/${rows.length}  ${row.id.padEnd(ID_WIDTH)}  ${found}\n`);
  }
  return { date, versions, rounds, rows: summaries, start: whole ? await measureStart(rounds, env) : undefined };
}

async function write(folder: string, report: Report): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "benchmark.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFile(join(folder, "benchmark.md"), markdownReport(report));
  await writeFile(join(folder, "benchmark.svg"), chartOf(report));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const options = wanted();
try {
  const report = await measure(options);
  process.stdout.write(
    options.judged ? terminalReport(report) : `${versionLine(report)}\nall ${report.rows.length} rows work\n`,
  );
  if (options.out !== undefined) await write(options.out, report);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
