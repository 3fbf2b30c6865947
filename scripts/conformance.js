// Holds the baseline in Go to the conformance kit, as its author would: by the
// kit's command line. A kit that only plugins of the same hands pass says little.
// (plugins/fs is held to it in Jest.) Without Go it is left out, unless CI or
// KLOSET_REQUIRE_GO asks for it.
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
  const only = ["--generation", generation, "--known", join(top, "interop/deviations.json")];
  check(
    "importer",
    "baseline://there",
    [...only, "--config", "files=20", "--config", "size=100000"],
    plugin,
    "importer",
  );
  // So large that a reader can be given up half-way: some rules need that.
  check(
    "importer",
    "baseline://there",
    [...only, "--config", "files=3", "--config", "size=11000000"],
    plugin,
    "importer",
  );
  // It keeps nothing that it restores.
  check("exporter", "baseline:///{unique}", only, plugin, "exporter");
  check("storage", "baseline://{directory}", only, plugin, "storage");
}

function check(connector, location, options, ...plugin) {
  const args = [command, "--quiet", "--connector", connector, "--location", location, ...options, "--", ...plugin];
  const { status } = spawnSync(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) failed = true;
}
