// Checks the Go modules in interop/: gofmt, go vet (with keyed struct literals),
// staticcheck (interop/staticcheck.conf) and errcheck (every error is handled or
// discarded with `_ =`). Skipped without Go, unless CI or KLOSET_REQUIRE_GO is set.
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { goEnvironment, goModules, hasGoFor } from "./go.js";

const top = fileURLToPath(new URL("..", import.meta.url));
const interop = join(top, "interop");
// Their versions are pinned in scripts/lint-go/go.mod.
const tools = join(top, "node_modules/.cache/lint-go");
const TOOL_PACKAGES = ["honnef.co/go/tools/cmd/staticcheck", "github.com/kisielk/errcheck"];

if (hasGoFor("lint:go")) process.exitCode = main() ? 0 : 1;

function main() {
  execFileSync("go", ["build", "-o", `${tools}/`, ...TOOL_PACKAGES], {
    cwd: join(top, "scripts/lint-go"),
    env: goEnvironment,
    stdio: "inherit",
  });
  // Each module's findings are shown in one run.
  return [isFormatted(), ...goModules.map(lint)].every(Boolean);
}

function isFormatted() {
  const files = execFileSync("gofmt", ["-l", "."], { cwd: interop, env: goEnvironment, encoding: "utf8" });
  if (files !== "") console.error(`gofmt -w is needed in interop/:\n${files.trimEnd()}`);
  return files === "";
}

function lint(module) {
  console.log(`interop/${module}`);
  const passed = [
    run(module, "go", ["vet", "./..."]),
    run(module, join(tools, "staticcheck"), ["./..."]),
    run(module, join(tools, "errcheck"), ["-ignoregenerated", "./..."]),
  ];
  return passed.every(Boolean);
}

function run(module, command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: join(interop, module),
    env: goEnvironment,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (error !== undefined) throw error;
  return status === 0;
}
