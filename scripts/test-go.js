// All tests that need Go; where there is none, one line that says so. Where CI or
// KLOSET_REQUIRE_GO asks for them, the first of them fails then.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { goIsRequired, whyNoGo } from "./go.js";

const SUITES = ["interop.js", "h2spec.js", "conformance.js"];

const missing = whyNoGo();
if (missing === undefined || goIsRequired()) {
  const failed = SUITES.find((suite) => spawnSync(process.execPath, [pathOf(suite)], { stdio: "inherit" }).status !== 0);
  process.exitCode = failed === undefined ? 0 : 1;
} else {
  console.log(`${missing}: the hosts in Go, h2spec, and the kit on a plugin in Go are left out`);
}

function pathOf(suite) {
  return fileURLToPath(new URL(suite, import.meta.url));
}
