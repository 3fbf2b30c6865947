// Runs Jest: node scripts/jest.js [--slow | --all] [JEST ARGUMENTS...]. Tests that wait on purpose, or work for long, are
// in files named *.slow.test.ts: --slow runs only these, --all runs both kinds.
//
// ES modules in Jest need an experimental feature of Node that crashes once in
// thousands of test files (nodejs/node#35889 and similar issues, in Node 20). Only files whose process crashed run again.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundleFixtures } from "./fixtures.js";
import { onlyCrashed } from "./jest-crashes.js";

const top = fileURLToPath(new URL("../", import.meta.url));
const jest = join(top, "node_modules/jest/bin/jest.js");

const [first, ...rest] = process.argv.slice(2);
const selection = { "--slow": "slow", "--all": "all" }[first];
const args = selection === undefined ? process.argv.slice(2) : rest;

const folder = mkdtempSync(join(tmpdir(), "kloset-jest-"));
try {
  const fixtures = join(folder, "fixtures");
  mkdirSync(fixtures);
  await bundleFixtures(fixtures);
  process.env.KLOSET_FIXTURES = fixtures;
  const results = join(folder, "results.json");
  process.exitCode = run([...args, "--json", `--outputFile=${results}`]);
  const crashed = process.exitCode === 0 ? [] : onlyCrashed(readResults(results));
  if (crashed.length > 0) {
    console.error(`\nNode crashed in ${crashed.join(", ")}. Running these files again.`);
    process.exitCode = run(["--runTestsByPath", ...crashed]);
  }
} finally {
  rmSync(folder, { recursive: true });
}

function run(args) {
  const flags = ["--disable-warning=ExperimentalWarning", "--experimental-vm-modules"];
  // With --json, Jest reports on stderr and prints the path of the results to stdout.
  const { status } = spawnSync(process.execPath, [...flags, jest, ...args], {
    cwd: top,
    stdio: "inherit",
    env: { ...process.env, KLOSET_TESTS: selection ?? process.env.KLOSET_TESTS ?? "fast" },
  });
  return status ?? 1;
}

/** Returns undefined if Jest wrote no results, because it was stopped or rejected its arguments. */
function readResults(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
