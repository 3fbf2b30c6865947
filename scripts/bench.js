// Builds the plugins and the host of the benchmark and runs it: `npm run bench`. Skipped
// without Go, unless CI or KLOSET_REQUIRE_GO is set.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { bundleProgram } from "../packages/cli/dist/bundle/bundle.js";
import { goEnvironment, hasGoFor } from "./go.js";

const top = new URL("../", import.meta.url);
const dist = new URL("bench/dist/", top);

if (hasGoFor("the benchmark")) {
  execFileSync("go", ["build", "-o", fileURLToPath(new URL("go/", dist)), "./cmd/bench", "./cmd/plugin"], {
    cwd: fileURLToPath(new URL("interop/v1.1", top)),
    env: goEnvironment,
    stdio: "inherit",
  });
  const bundles = new URL("plugin-bundle/", dist);
  mkdirSync(bundles, { recursive: true });
  const [program, executable] = [new URL("plugin/synthetic.js", dist), new URL("synthetic.cjs", bundles)];
  await bundleProgram(fileURLToPath(program), fileURLToPath(executable), { reference: "beside" });
  const main = fileURLToPath(new URL("main.js", dist));
  const { status } = spawnSync(process.execPath, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exitCode = status ?? 1;
}
