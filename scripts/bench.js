// Builds the plugins and the host of the benchmark and runs it: `npm run bench`. Skipped
// without Go, unless CI or KLOSET_REQUIRE_GO is set.
import { execFileSync, spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.js";
import { goEnvironment, hasGoFor } from "./go.js";

const top = new URL("../", import.meta.url);
const dist = new URL("bench/dist/", top);

if (hasGoFor("the benchmark")) {
  execFileSync("go", ["build", "-o", fileURLToPath(new URL("go/", dist)), "./cmd/bench", "./cmd/plugin"], {
    cwd: fileURLToPath(new URL("interop/v1.1", top)),
    env: goEnvironment,
    stdio: "inherit",
  });
  await bundle([new URL("plugin/synthetic.js", dist)], new URL("plugin-bundle/", dist));
  const main = fileURLToPath(new URL("main.js", dist));
  const { status } = spawnSync(process.execPath, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}
