// Runs Jest, with all arguments handed on. ES modules in Jest need an experimental
// part of Node, which crashes once in thousands of test files (nodejs/node#35889 and
// its like, in Node 20): files whose process has crashed, and only those, are run once more.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { onlyCrashed } from "./jest-crashes.js";

const top = fileURLToPath(new URL("../", import.meta.url));
const jest = join(top, "node_modules/jest/bin/jest.js");

const folder = mkdtempSync(join(tmpdir(), "kloset-jest-"));
try {
  const results = join(folder, "results.json");
  process.exitCode = run([...process.argv.slice(2), "--json", `--outputFile=${results}`]);
  const crashed = process.exitCode === 0 ? [] : onlyCrashed(readResults(results));
  if (crashed.length > 0) {
    console.error(`\nNode has crashed in ${crashed.join(", ")}: once more.`);
    process.exitCode = run(["--runTestsByPath", ...crashed]);
  }
} finally {
  rmSync(folder, { recursive: true });
}

function run(args) {
  const flags = ["--disable-warning=ExperimentalWarning", "--experimental-vm-modules"];
  // With --json Jest reports on stderr, and writes to stdout where the results are.
  const { status } = spawnSync(process.execPath, [...flags, jest, ...args], { cwd: top, stdio: "inherit" });
  return status ?? 1;
}

/** @returns undefined when Jest has written none: it was stopped, or did not understand its arguments. */
function readResults(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
