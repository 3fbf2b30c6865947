// Bundles the plugins that tests start hundreds of times, each into one file and its chunks: a bundle starts and answers
// in half the CPU time. Fixtures whose order of imports is the point of a test run as they are.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, stop } from "esbuild";
import { top } from "./packages.js";

const FIXTURES = [
  "packages/conformance/fixtures/process.js",
  "packages/host/fixtures/plugin.js",
  "packages/process/fixtures/plugin.js",
  "packages/sdk/fixtures/control-plane-plugin.js",
  "packages/sdk/fixtures/host.js",
  "packages/sdk/fixtures/misbehaving-exporter.js",
  "packages/sdk/fixtures/misbehaving-importer.js",
  "packages/sdk/fixtures/misbehaving-plugin.js",
  "packages/sdk/fixtures/misbehaving-storage.js",
  "packages/sdk/fixtures/patient-storage.js",
  "packages/sdk/fixtures/plugin.js",
  "packages/sdk/fixtures/waiting-plugin.js",
];

/** CommonJS code in a bundle calls `require` for Node's own modules. */
const banner = 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);';

/** Writes the bundles to a folder, under their paths in the repository. */
export async function bundleFixtures(folder) {
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  await build({
    absWorkingDir: top,
    entryPoints: FIXTURES,
    outbase: top,
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    banner: { js: banner },
    logLevel: "error",
  });
  await stop();
  // Tests also start a fixture without naming Node.
  for (const fixture of FIXTURES) chmodSync(join(folder, fixture), 0o755);
}
