import { fileURLToPath } from "node:url";
import { compare } from "./compare.js";
import { client, plugins } from "./contestants.js";
import { drive } from "./drive.js";
import { optionsOf, usage, type Options } from "./options.js";
import { cellsOf, headings } from "./report/lines.js";
import { tableOf } from "./report/table.js";
import type { Row } from "./rows.js";
import { summaryOf, type RowSummary } from "./summary.js";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));
const USAGE_EXIT_CODE = 2;

function wanted(): Options {
  try {
    return optionsOf(process.argv.slice(2), docs);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(USAGE_EXIT_CODE);
  }
}

async function measureRow(row: Row, rounds: number, env: NodeJS.ProcessEnv): Promise<RowSummary> {
  const { work, count, size, calls, connector } = row;
  const measured = await compare(rounds, (name) => {
    const { command, config } = plugins[name];
    return drive(client, { work, count, size, calls, config, plugin: [...command, connector] }, env);
  });
  return summaryOf(row, measured);
}

async function main(options: Options): Promise<void> {
  const env = options.server === undefined ? process.env : { ...process.env, KLOSET_SERVER: options.server };
  const summaries: RowSummary[] = [];
  for (const row of options.rows) {
    const summary = await measureRow(row, options.rounds, env);
    summaries.push(summary);
    process.stderr.write(`${row.id}: ${cellsOf(summary).slice(2).join("  ")}\n`);
  }
  process.stdout.write(tableOf([headings, ...summaries.map(cellsOf)]));
}

await main(wanted());
