// Takes the baseline plugins in Go through the tools of an author, which must support plugins in any language: `kloset
// check`, which lints their manifest and runs the conformance kit, the kit's own command, and `kloset inspect`. Skipped
// without Go, unless CI or KLOSET_REQUIRE_GO is set.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { goEnvironment, hasGoFor } from "./go.js";

const top = fileURLToPath(new URL("..", import.meta.url));
const known = join(top, "interop/deviations.json");
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
  const folder = checkPackage(generation, plugin);
  // Large files: some rules stop a reader half-way.
  run("packages/conformance/dist/cli/main.js", [
    ...["--quiet", "--connector", "importer", "--location", "gosynth://there", "--strict", "--known", known],
    ...["--generation", generation, "--config", "files=3", "--config", "size=11000000", "--", plugin, "importer"],
  ]);
  inspectGo(generation, plugin, folder);
}

/** Runs `kloset check` on the package of a plugin, which fails for warnings, too. Returns the folder. */
function checkPackage(generation, plugin) {
  const folder = join(builds, `package-${generation}`);
  cpSync(join(top, "interop/package"), folder, { recursive: true });
  // Plakar 1.0 refuses a package that names a file twice.
  for (const type of ["importer", "exporter", "storage"]) cpSync(plugin, join(folder, type));
  run("packages/cli/dist/main.js", [
    ...["check", folder, "--strict", "--generation", generation, "--known", known],
    // The exporter keeps nothing, so every path is new.
    ...["--location", "gosynth://there", "--location", "gosink:///{unique}", "--location", "gostore://{directory}"],
    ...["-o", "files=20", "-o", "size=100000"],
  ]);
  return folder;
}

/** Runs `kloset inspect` on a plugin. */
function inspectGo(generation, plugin, folder) {
  const like = generation === "v1.0" ? "plakar-1.0" : "plakar-1.1";
  const trace = join(builds, `${generation}.jsonl`);
  const files = ["-o", "files=20", "-o", "size=100000"];
  inspect("scan", plugin, "gosynth://there", "--read", "--trace", trace, ...files, "--arg", "importer", "--like", like);
  inspect("replay", plugin, trace, "--arg", "importer");
  inspect("export", plugin, "gosink:///there", join(top, "docs"), "--arg", "exporter", "--like", like);
  inspect(
    "store",
    "check",
    plugin,
    `gostore://${builds}/store-${generation}`,
    "--create",
    "--arg",
    "storage",
    "--like",
    like,
  );
  // Beside its manifest, which declares the options.
  inspect("about", join(folder, "importer"), "gosynth://there", "--arg", "importer", "--like", like);
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

function run(script, args) {
  const { status } = spawnSync(process.execPath, [join(top, script), ...args], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) failed = true;
}
