import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundleText } from "../bundle/bundle.js";
import { CliError } from "../exit-code.js";
import type { ConnectorType, ProjectConnector } from "../project.js";

/** The statements of a connector's module about itself. */
export interface ConnectorDescription {
  readonly kind: ConnectorType;
  /** JSON Schema of its configuration. Absent if it declares none, or if the schema cannot be converted. */
  readonly schema?: unknown;
  /** Table of its options, in Markdown. */
  readonly table?: string;
  /** The reason why there is no schema although the configuration is declared. */
  readonly problem?: string;
}

/**
 * Imports a connector's module in a process of its own, so that it cannot print into the output of the command or keep it
 * running, and returns its kind and the schema of its configuration.
 *
 * @throws CliError if the module cannot be imported, does not export a connector of `define…` by default, or exports one
 * of another kind than the project names.
 */
export async function describeConnector({ module, type }: ProjectConnector): Promise<ConnectorDescription> {
  const folder = await mkdtemp(join(tmpdir(), "kloset-package-"));
  try {
    const program = join(folder, "describe.cjs");
    const result = join(folder, "result.json");
    await bundleText(module, programText(module), program);
    await promisify(execFile)(process.execPath, [program, result]).catch((error: unknown) => {
      throw new CliError(
        `cannot import ${module}:\n${(error as { readonly stderr?: string }).stderr ?? String(error)}`,
      );
    });
    const description = JSON.parse(await readFile(result, "utf8")) as Partial<ConnectorDescription>;
    const { kind } = description;
    if (kind === undefined)
      throw new CliError(`${module}: expected a connector of define… (such as defineImporter) as its default export`);
    if (kind !== type)
      throw new CliError(`${module}: its connector is of type ${kind}, but package.json names the type ${type}`);
    return { ...description, kind };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The project's own version of it converts the declaration. */
const CONFIG = "@kloset/sdk/config";

function programText(module: string): string {
  return `
    import * as exported from ${JSON.stringify(module)};
    import { jsonSchemaOf, markdownOf } from ${JSON.stringify(CONFIG)};
    import { writeFileSync } from "node:fs";
    const connector = exported.default;
    const description = {};
    if (typeof connector?.factory === "function") {
      description.kind = connector.kind;
      if (connector.config !== undefined) {
        try {
          description.schema = jsonSchemaOf(connector);
          description.table = markdownOf(connector);
        } catch (error) {
          description.problem = error.message;
        }
      }
    }
    writeFileSync(process.argv[2], JSON.stringify(description));
    process.exit(0);`;
}
