// Runs all tests that need Go. Skipped with one line without Go, unless CI or
// KLOSET_REQUIRE_GO is set.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { hasGoFor } from "./go.js";

const SUITES = ["interop.js", "h2spec.js", "conformance.js"];

if (hasGoFor("all that needs it (the hosts in Go, h2spec, the kit on a plugin in Go)")) {
  const failed = SUITES.find(
    (suite) => spawnSync(process.execPath, [pathOf(suite)], { stdio: "inherit" }).status !== 0,
  );
  if (failed !== undefined) process.exitCode = 1;
}

function pathOf(suite) {
  return fileURLToPath(new URL(suite, import.meta.url));
}
