import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";

/** The configuration of a connector, as its module declares it. */
export interface DeclaredConfig {
  /** The JSON Schema of `jsonSchemaOf`. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A module that takes longer does not only define a connector. */
const TIMEOUT_MS = 60_000;

/**
 * Returns the configuration that a `define…` module declares. The module runs in a process of its own, with the SDK of
 * its project.
 *
 * @param module - Absolute path of the module, in TypeScript or JavaScript.
 * @throws Error if the module cannot be compiled, does not run, or does not export a definition.
 */
export async function declaredConfig(module: string): Promise<DeclaredConfig> {
  const folder = await mkdtemp(join(tmpdir(), "kloset-check-"));
  try {
    const [script, result] = [join(folder, "schema.mjs"), join(folder, "schema.json")];
    await build({
      stdin: { contents: schemaScript(module), resolveDir: dirname(module), sourcefile: "schema.js" },
      outfile: script,
      bundle: true,
      platform: "node",
      format: "esm",
      // CommonJS dependencies call it.
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
      logLevel: "silent",
    });
    await promisify(execFile)(process.execPath, [script, result], { cwd: dirname(module), timeout: TIMEOUT_MS });
    return JSON.parse(await readFile(result, "utf8")) as DeclaredConfig;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function schemaScript(module: string): string {
  return [
    'import { writeFileSync } from "node:fs";',
    'import { jsonSchemaOf } from "@kloset/sdk/config";',
    `import definition from ${JSON.stringify(module)};`,
    "writeFileSync(process.argv[2], JSON.stringify({ schema: jsonSchemaOf(definition) }));",
    // The module may have opened something that keeps the process alive.
    "process.exit();",
  ].join("\n");
}
