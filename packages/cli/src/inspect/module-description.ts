import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import * as v from "valibot";
import { ownModuleFolders } from "../bundle/bundle.js";
import { CliError } from "../exit-code.js";

const descriptionSchema = v.object({
  kind: v.string(),
  schema: v.record(v.string(), v.unknown()),
  secrets: v.array(v.string()),
});

/** The declaration of a connector that a `define…` function has returned. */
export type ModuleDescription = v.InferOutput<typeof descriptionSchema>;

/** Returns a script that writes the declaration to a file: the author's module may print, or fail. */
function scriptOf(module: string): string {
  return [
    'import { writeFileSync } from "node:fs";',
    'import { jsonSchemaOf, secretsOf } from "@kloset/sdk/config";',
    `import connector from ${JSON.stringify(module)};`,
    'if (typeof connector?.factory !== "function")',
    '  throw new TypeError("the default export of the module is not what a define… function returns");',
    "const description = { kind: connector.kind, schema: jsonSchemaOf(connector), secrets: secretsOf(connector) };",
    "writeFileSync(process.argv[2], JSON.stringify(description));",
  ].join("\n");
}

/**
 * Returns the kind, the JSON Schema of the configuration and the secret keys of a `define…` module.
 *
 * @param module - Absolute path.
 * @throws CliError if the module cannot be compiled or imported, or has another default export.
 */
export async function describeModule(module: string, signal?: AbortSignal): Promise<ModuleDescription> {
  const folder = await mkdtemp(join(tmpdir(), "kloset-describe-"));
  try {
    const script = join(folder, "describe.cjs");
    await build({
      stdin: { contents: scriptOf(module), resolveDir: dirname(module) },
      outfile: script,
      bundle: true,
      platform: "node",
      format: "cjs",
      nodePaths: ownModuleFolders(),
      define: { "import.meta.filename": "__filename", "import.meta.url": "__moduleUrl" },
      banner: { js: 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
      external: ["@kloset/sdk/reference"],
      logLevel: "silent",
    });
    const result = join(folder, "description.json");
    await promisify(execFile)(process.execPath, [script, result], { ...(signal !== undefined && { signal }) });
    return v.parse(descriptionSchema, JSON.parse(await readFile(result, "utf8")));
  } catch (error) {
    signal?.throwIfAborted();
    const { stderr } = error as { readonly stderr?: string };
    const reason = /^\w*Error: .*$/m.exec(stderr ?? "")?.[0] ?? (error as Error).message;
    throw new CliError(`cannot read the configuration of ${JSON.stringify(module)}: ${reason}`, { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
