import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";
import { createProject } from "./create.js";
import { NEW_KINDS } from "./kinds.js";
import { pluginNames } from "./names.js";
import { sdkPackages } from "./sdk-spec.js";

const exec = promisify(execFile);
const nodeModules = join(dirname(fileURLToPath(import.meta.url)), "../../../../node_modules");

it("every template conforms", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kloset-new-"));
  try {
    await createProject({ names: pluginNames("notes"), kinds: NEW_KINDS, folder, sdk: await sdkPackages() });
    symlinkSync(nodeModules, join(folder, "node_modules"));
    await exec(process.execPath, [join(nodeModules, "typescript-native/bin/tsc"), "-p", folder]);
    const specs = readdirSync(join(folder, "dist")).filter((name) => name.endsWith(".spec.js"));
    const args = ["--test", "--test-name-pattern=conforms", ...specs.map((name) => join("dist", name))];
    // NODE_OPTIONS of Jest would load its modules.
    const { stdout } = await exec(process.execPath, args, { cwd: folder, env: { ...process.env, NODE_OPTIONS: "" } });
    expect(stdout).toMatch(/^# fail 0$/m);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 300_000);
