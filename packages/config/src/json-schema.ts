import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { isSchema, optionsOf, secretsOf } from "./declared.js";
import { HOST_KEYS } from "./host-keys.js";
import type { ConfigDeclaration, Configurable, JsonSchema } from "./types.js";

const TARGET = { target: "draft-2020-12" } as const;

/** The schemas of the keys that Plakar adds. */
const HOST_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  location: { type: "string", minLength: 1 },
  passphrase: { type: "string", writeOnly: true, format: "password" },
  passphrase_cmd: { type: "string", writeOnly: true, format: "password" },
};

/**
 * Returns the JSON Schema (2020-12) of a plugin's configuration, for the `validator` of its manifest. Integers, numbers
 * and booleans have their own types, as in Plakar's schemas, although all values travel as strings. The keys that Plakar
 * adds are part of it; to restrict `location`, declare it as an option with a `pattern`.
 *
 * @param definition - A definition of `defineImporter`, `defineExporter` or `defineStorage`, or its declaration.
 * @throws Error when a schema of the author's cannot be converted to JSON Schema.
 */
export function jsonSchemaOf(definition: Configurable): JsonSchema {
  const secrets = new Set(secretsOf(definition));
  const { properties, required } = declaredSchema(definition);
  const all: Record<string, unknown> = {};
  for (const key of HOST_KEYS) all[key] = HOST_SCHEMAS[key] ?? {};
  for (const [key, schema] of Object.entries(properties))
    all[key] = secrets.has(key) && isObject(schema) ? { ...schema, writeOnly: true } : schema;
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: all,
    required: [...new Set(["location", ...required])],
    additionalProperties: false,
  };
}

export interface ObjectSchema {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
}

/** Returns the schema of the declared keys, without those of the host. */
export function declaredSchema(definition: Configurable): ObjectSchema {
  const declared: ConfigDeclaration = definition.config ?? {};
  if (isSchema(declared)) return foreignSchema(declared);
  const options = Object.entries(optionsOf(definition));
  return {
    properties: Object.fromEntries(options.map(([key, option]) => [key, option["~standard"].jsonSchema.input(TARGET)])),
    required: options.flatMap(([key, { isRequired }]) => (isRequired ? [key] : [])),
  };
}

/** Converts a schema of the author's with the interface of Standard JSON Schema. */
function foreignSchema(schema: StandardSchemaV1): ObjectSchema {
  const standard: StandardSchemaV1.Props & Partial<StandardJSONSchemaV1.Props> = schema["~standard"];
  if (standard.jsonSchema === undefined)
    throw new Error(
      `the schema of the configuration (${standard.vendor}) has no jsonSchema: write the validator by hand`,
    );
  const { properties, required, type } = standard.jsonSchema.input(TARGET);
  if (type !== "object" || !isObject(properties))
    throw new Error("the schema of the configuration must describe an object with properties");
  return { properties, required: Array.isArray(required) ? required.map(String) : [] };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
