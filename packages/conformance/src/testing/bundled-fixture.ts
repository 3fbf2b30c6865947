import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "@jest/globals";
import { build } from "esbuild";

const fixture = fileURLToPath(new URL("../../fixtures/process.js", import.meta.url));
/** CommonJS in the bundle may ask for Node's own modules, which ESM has no function for. */
const banner = 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);';

/**
 * Makes one file of the fixture for the tests of a file: as one file it starts in
 * a third of the time, and it is started hundreds of times.
 *
 * @returns What tells the file's path, once the tests run.
 */
export function bundledFixture(): () => string {
  let folder = "";
  const path = (): string => join(folder, "process.mjs");
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kloset-fixture-"));
    await build({
      entryPoints: [fixture],
      outfile: path(),
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20.19",
      banner: { js: banner },
    });
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });
  return path;
}
