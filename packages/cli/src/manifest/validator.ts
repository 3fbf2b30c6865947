import { readFile } from "node:fs/promises";
import { Ajv2020, type AnySchemaObject } from "ajv/dist/2020.js";
import { findFile } from "./files.js";
import { isLocated, restrictsLocation } from "./manifest.js";
import { quoted, type Findings, type Located } from "./problem.js";
import type { Fields, ManifestSource } from "./read.js";

/** A larger file is not the schema of a configuration. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Schemas that were read, by the index of the connector. */
export type Validators = ReadonlyMap<number, Validator>;

/** The validator of a connector. */
interface Validator {
  readonly at: Located<string>;
  readonly schema: AnySchemaObject;
}

/** Checks the validators. Returns those that are JSON objects. */
export async function checkValidators({ findings, connectors }: ManifestSource, folder: string): Promise<Validators> {
  const validators = new Map<number, Validator>();
  const checked = new Set<string>();
  for (const [index, connector] of connectors.entries()) {
    const at = connector.text("validator");
    if (at === undefined) continue;
    const subject = `connector ${index + 1}: the validator`;
    const found = await findFile(findings, at, folder, subject);
    if (found === undefined) continue;
    const schema = found.stats.size > MAX_BYTES ? undefined : await readSchema(found.path);
    if (!isObject(schema)) {
      const reason = typeof schema === "string" ? schema : "expected a JSON object";
      findings.add("validator-json", at.start, `${subject} ${quoted(at.value)} cannot be used: ${reason}`);
      continue;
    }
    validators.set(index, { at, schema });
    // Several connectors may share one schema.
    const key = `${found.path}\n${needsLocation(connector)}`;
    if (!checked.has(key)) checkSchema(findings, { at, schema }, connector, subject);
    checked.add(key);
  }
  return validators;
}

/** Returns the parsed file, or the error. */
async function readSchema(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function checkSchema(findings: Findings, { at, schema }: Validator, connector: Fields, subject: string): void {
  const name = `${subject} ${quoted(at.value)}`;
  const add = (rule: "validator-schema" | "validator-strict" | "validator-form", message: string): void => {
    findings.add(rule, at.start, `${name} ${message}`);
  };
  const invalid = schemaError(schema);
  if (invalid !== undefined) {
    add("validator-schema", `is not a valid JSON Schema (2020-12): ${invalid}`);
    return;
  }
  if (schema["type"] !== "object") add("validator-form", 'needs "type": "object" at its top');
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  if (schema["additionalProperties"] !== false)
    add("validator-strict", 'accepts unknown options: add "additionalProperties": false');
  if (needsLocation(connector)) checkLocation(properties, schema["required"], add);
  for (const key of Array.isArray(schema["required"]) ? schema["required"].map(String) : []) {
    if (!Object.hasOwn(properties, key) && schema["additionalProperties"] === false)
      add("validator-schema", `requires ${quoted(key)}, which "properties" does not have: nothing can be valid`);
  }
  for (const [key, property] of Object.entries(properties)) {
    const problem = formProblem(property);
    if (problem !== undefined) add("validator-form", `has the option ${quoted(key)} ${problem}`);
  }
}

function needsLocation(connector: Fields): boolean {
  return isLocated(connector.text("type")?.value ?? "");
}

function checkLocation(
  properties: Readonly<Record<string, unknown>>,
  required: unknown,
  add: (rule: "validator-schema" | "validator-strict", message: string) => void,
): void {
  const { location } = properties;
  if (location === undefined) {
    add("validator-strict", 'has no "location": add it to "properties" and "required", every configuration has one');
    return;
  }
  if (!Array.isArray(required) || !required.includes("location"))
    add("validator-strict", 'does not require the location: add "required": ["location"]');
  if (isObject(location) && !restrictsLocation(location))
    add("validator-strict", 'accepts any location: add a "pattern" such as "^notes://"');
}

/** Returns the reason why the control plane cannot make a field of a property. */
function formProblem(property: unknown): string | undefined {
  if (!isObject(property) || "$ref" in property) return undefined;
  const { type, enum: values } = property;
  const types = Array.isArray(type) ? type : [type];
  if (type === undefined) return 'without a type: add "type"';
  if (types.some((each) => each === "object" || each === "array"))
    return `of type ${types.join(" or ")}: values travel as texts, use "string"`;
  if (Array.isArray(values) && values.some((value) => typeof value !== "string"))
    return 'with an "enum" of other values than texts: forms have texts only';
  return undefined;
}

const SCHEMA_2020_12 = /^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;

/** Returns the first fault of a schema. */
function schemaError(schema: AnySchemaObject): string | undefined {
  const dialect: unknown = schema["$schema"];
  if (dialect !== undefined && !(typeof dialect === "string" && SCHEMA_2020_12.test(dialect)))
    return `"$schema" is ${JSON.stringify(dialect)}: set it to "https://json-schema.org/draft/2020-12/schema"`;
  // Formats are annotations in 2020-12, and authors may add keywords of their own.
  const ajv = new Ajv2020({ strict: false, validateFormats: false, unicodeRegExp: false, logger: false });
  try {
    if (ajv.validateSchema(schema) !== true) return ajv.errorsText(ajv.errors, { dataVar: "schema" });
    // Finds what the meta-schema cannot: patterns that do not compile, references to nowhere.
    ajv.compile(schema);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
