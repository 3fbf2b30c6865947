import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { parse } from "yaml";
import * as v from "valibot";
import { CliError } from "../exit-code.js";

/** The declaration of a connector, in its module or in the manifest beside its executable. */
export interface Declaration {
  /** Path of the module or the manifest. */
  readonly source: string;
  /** The kind of the connector. */
  readonly connector: string;
  readonly protocols?: readonly string[];
  readonly locationFlags?: readonly string[];
  /** The JSON Schema of the configuration. */
  readonly schema?: unknown;
  /** The keys with confidential values. */
  readonly secrets?: readonly string[];
}

const manifestSchema = v.object({
  connectors: v.array(
    v.looseObject({
      type: v.string(),
      executable: v.string(),
      protocols: v.optional(v.array(v.string())),
      location_flags: v.optional(v.array(v.string())),
      validator: v.optional(v.string()),
    }),
  ),
});

/**
 * Returns the connectors that `manifest.yaml` beside an executable lists for it. `kloset check` checks the manifest; here,
 * it only adds to what the plugin answers.
 *
 * @throws CliError if there is a manifest and it, or a schema that it names, cannot be read.
 */
export async function declarationBeside(executable: string): Promise<Declaration[]> {
  const source = join(dirname(executable), "manifest.yaml");
  const text = await readFile(source, "utf8").catch(() => undefined);
  if (text === undefined) return [];
  try {
    const { connectors } = v.parse(manifestSchema, parse(text));
    const own = connectors.filter((connector) => connector.executable === basename(executable));
    return await Promise.all(
      own.map(async ({ type, protocols, location_flags: locationFlags, validator }) => ({
        ...{ source, connector: type },
        ...(protocols !== undefined && { protocols }),
        ...(locationFlags !== undefined && { locationFlags }),
        ...(validator !== undefined && { schema: await readJson(join(dirname(executable), validator)) }),
      })),
    );
  } catch (error) {
    throw new CliError(`cannot read ${JSON.stringify(source)}: ${(error as Error).message}`, { cause: error });
  }
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, "utf8")) as unknown;
}
