import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import * as v from "valibot";
import { bundleText } from "./bundle/bundle.js";
import { CliError } from "./exit-code.js";
import { CONNECTOR_TYPES } from "./project.js";

const descriptionSchema = v.object({
  /** The kind of the connector. Absent if the default export is no connector. */
  kind: v.optional(v.picklist(CONNECTOR_TYPES)),
  /** JSON Schema of its configuration. */
  schema: v.optional(v.record(v.string(), v.unknown())),
  /** The reason why its declaration has no schema. */
  problem: v.optional(v.string()),
  /** Table of its options, in Markdown. */
  table: v.optional(v.string()),
  /** The keys with confidential values. */
  secrets: v.optional(v.array(v.string()), []),
});

/** The declaration of a connector that a `define…` function has returned. */
export type ModuleDescription = v.InferOutput<typeof descriptionSchema> & {
  readonly kind: (typeof CONNECTOR_TYPES)[number];
};

/** A module that takes longer does not only define a connector. */
const TIMEOUT_MS = 60_000;

/**
 * Imports the module of a connector and returns its declaration. The module runs in a process of its own, with the SDK of
 * its project, so that it cannot print into the output of the command or keep it running.
 *
 * @param module - Absolute path of the module, in TypeScript or JavaScript.
 * @throws CliError if the module cannot be compiled or imported, or has another default export.
 */
export async function describeModule(module: string, signal?: AbortSignal): Promise<ModuleDescription> {
  const folder = await mkdtemp(join(tmpdir(), "kloset-describe-"));
  try {
    const [program, result] = [join(folder, "describe.cjs"), join(folder, "description.json")];
    await bundleText(module, programText(module), program);
    await promisify(execFile)(process.execPath, [program, result], {
      cwd: dirname(module),
      timeout: TIMEOUT_MS,
      ...(signal !== undefined && { signal }),
    }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new CliError(`cannot import ${module}: ${reasonOf(error)}`, { cause: error });
    });
    const { kind, ...description } = v.parse(descriptionSchema, JSON.parse(await readFile(result, "utf8")));
    if (kind === undefined)
      throw new CliError(`${module}: expected a connector of define… (such as defineImporter) as its default export`);
    return { ...description, kind };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns the error of a process that failed, without the code around it and the stack. */
function reasonOf(error: unknown): string {
  const { message = String(error), stderr = "" } = error as { readonly message?: string; readonly stderr?: string };
  return /^\w*Error: .*$/m.exec(stderr)?.[0] ?? (stderr.trim() || message);
}

/** The project's own version of it converts the declaration. */
const CONFIG = "@kloset/sdk/config";

function programText(module: string): string {
  return `
    import * as exported from ${JSON.stringify(module)};
    import { jsonSchemaOf, markdownOf, secretsOf } from ${JSON.stringify(CONFIG)};
    import { writeFileSync } from "node:fs";
    const connector = exported.default;
    const description = {};
    if (typeof connector?.factory === "function") {
      description.kind = connector.kind;
      description.secrets = secretsOf(connector);
      try {
        description.schema = jsonSchemaOf(connector);
        if (connector.config !== undefined) description.table = markdownOf(connector);
      } catch (error) {
        description.problem = error.message;
      }
    }
    writeFileSync(process.argv[2], JSON.stringify(description));
    process.exit(0);`;
}
