// Runs the conformance kit on the baseline plugin in Go, from its command line as a plugin
// author would: the kit must not only pass plugins built on this SDK. (Jest runs it on
// plugins/fs.) Then runs `kloset inspect` on it. Skipped without Go, unless CI or KLOSET_REQUIRE_GO is set.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { goEnvironment, hasGoFor } from "./go.js";

const top = fileURLToPath(new URL("..", import.meta.url));
const command = join(top, "packages/conformance/dist/cli/main.js");
const builds = mkdtempSync(join(tmpdir(), "kloset-conformance-"));
let failed = false;

try {
  if (hasGoFor("the kit on the baseline in Go")) for (const generation of ["v1.0", "v1.1"]) checkGo(generation);
} finally {
  rmSync(builds, { recursive: true, force: true });
}
if (failed) process.exitCode = 1;

function checkGo(generation) {
  const plugin = join(builds, generation);
  const options = { cwd: join(top, "interop", generation), env: goEnvironment, stdio: "inherit" };
  execFileSync("go", ["build", "-o", plugin, "./cmd/plugin"], options);
  const only = ["--strict", "--generation", generation, "--known", join(top, "interop/deviations.json")];
  check(
    "importer",
    "baseline://there",
    [...only, "--config", "files=20", "--config", "size=100000"],
    plugin,
    "importer",
  );
  // Large files: some rules stop a reader half-way.
  check(
    "importer",
    "baseline://there",
    [...only, "--config", "files=3", "--config", "size=11000000"],
    plugin,
    "importer",
  );
  // The exporter keeps nothing, so every path is new.
  check("exporter", "baseline:///{unique}", only, plugin, "exporter");
  check("storage", "baseline://{directory}", only, plugin, "storage");
  inspectGo(generation, plugin);
}

/** Runs `kloset inspect` on the baseline: it must support plugins in any language. */
function inspectGo(generation, plugin) {
  const like = generation === "v1.0" ? "plakar-1.0" : "plakar-1.1";
  const trace = join(builds, `${generation}.jsonl`);
  const files = ["-o", "files=20", "-o", "size=100000"];
  inspect(
    "scan",
    plugin,
    "baseline://there",
    "--read",
    "--trace",
    trace,
    ...files,
    "--arg",
    "importer",
    "--like",
    like,
  );
  inspect("replay", plugin, trace, "--arg", "importer");
  inspect("export", plugin, "baseline:///there", join(top, "docs"), "--arg", "exporter", "--like", like);
  inspect(
    "store",
    "check",
    plugin,
    `baseline://${builds}/store-${generation}`,
    "--create",
    "--arg",
    "storage",
    "--like",
    like,
  );
  inspect("about", plugin, "baseline://there", "--arg", "importer", "--like", like);
}

function inspect(...args) {
  const kloset = join(top, "packages/cli/dist/main.js");
  const { status, stdout } = spawnSync(process.execPath, [kloset, "inspect", ...args], {
    encoding: "utf8",
    maxBuffer: Infinity,
    stdio: ["ignore", "pipe", "inherit"],
  });
  console.log(`kloset inspect ${args.join(" ")}: ${stdout.trimEnd().split("\n").at(-1)}`);
  if (status !== 0) failed = true;
}

function check(connector, location, options, ...plugin) {
  const args = [command, "--quiet", "--connector", connector, "--location", location, ...options, "--", ...plugin];
  const { status } = spawnSync(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) failed = true;
}
