import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "@jest/globals";
import { build } from "esbuild";

const fixture = fileURLToPath(new URL("../../fixtures/process.js", import.meta.url));
/** CommonJS code in the bundle calls `require` for Node's own modules. */
const banner = 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);';

/**
 * Bundles the fixture into one file for the tests of a file. The bundle starts in a third of the time, and tests start
 * it hundreds of times.
 *
 * @returns A function that returns the path, for use in tests.
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
