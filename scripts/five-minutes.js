// Does what a new author does, outside of this repository: from packed tarballs, in an empty folder, creates a plugin,
// builds, tests, inspects and packages it. Prints the seconds of each step, and fails if one fails.
//
//   node scripts/five-minutes.js [--steps new,build,test]
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { packPublic } from "./pack.js";

const LIMIT_SECONDS = 300;
const QUIET = ["--no-audit", "--no-fund", "--ignore-scripts"];

const work = mkdtempSync(join(tmpdir(), "kloset-new-author-"));
const tarballs = join(work, "tarballs");
const tools = join(work, "tools");
const project = join(work, "kloset-plugin-notes");
const notes = join(work, "notes");

/** Stands for the paths of all tarballs. */
const TARBALLS = "*.tgz";

/** The steps of an author: commands, each with the folder in which it runs. */
const STEPS = {
  new: [
    // `npm create kloset@latest`, with the tarballs in place of the registry.
    [tools, "npm", "install", ...QUIET, TARBALLS],
    [work, join(tools, "node_modules/.bin/create-kloset"), "notes", "--importer", "--exporter", "--sdk", tarballs],
    [project, "npm", "install", ...QUIET],
  ],
  build: [[project, "npm", "run", "build"]],
  test: [[project, "npm", "test"]],
  inspect: [
    [project, "npx", "--no-install", "kloset", "inspect", "scan", "--read", "src/importer.ts", `notes://${notes}`],
    [project, "npx", "--no-install", "kloset", "inspect", "about", "src/exporter.ts"],
  ],
  package: [
    [project, "npm", "run", "package"],
    [project, "npx", "--no-install", "kloset", "inspect", "scan", "package/notes-importer.cjs", `notes://${notes}`],
  ],
};

const { values } = parseArgs({ options: { steps: { type: "string", default: Object.keys(STEPS).join() } } });
const names = values.steps.split(",");
const unknown = names.filter((name) => !(name in STEPS));
if (unknown.length > 0) {
  console.error(`--steps: expected steps out of ${Object.keys(STEPS).join(", ")}, got ${unknown.join(", ")}`);
  process.exit(2);
}

try {
  for (const folder of [tools, notes]) mkdirSync(folder);
  writeFileSync(join(tools, "package.json"), '{ "private": true }\n');
  writeFileSync(join(notes, "today.txt"), "Buy milk.\n");
  const packed = packPublic(tarballs).map(({ tarball }) => tarball);
  const seconds = new Map();
  for (const name of names) {
    const start = performance.now();
    for (const [cwd, command, ...args] of STEPS[name]) {
      run(
        name,
        cwd,
        command,
        args.flatMap((arg) => (arg === TARBALLS ? packed : [arg])),
      );
    }
    seconds.set(name, (performance.now() - start) / 1000);
  }
  const total = [...seconds.values()].reduce((sum, each) => sum + each, 0);
  for (const [name, each] of [...seconds, ["total", total]])
    console.log(`${name.padEnd(8)} ${each.toFixed(1).padStart(6)} s`);
  // The limit is for a quiet machine: a slow one is no fault of the project.
  if (total > LIMIT_SECONDS) console.warn(`The steps took longer than the ${LIMIT_SECONDS} s of a quiet machine.`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function run(step, cwd, command, args) {
  console.log(`$ ${[command, ...args].join(" ").replaceAll(work, ".")}`);
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status === 0) return;
  throw new Error(`step "${step}" failed: ${command} exited with ${status}\n${stdout}${stderr}`, { cause: error });
}
