import { isSchema, optionsOf, secretsOf } from "./declared.js";
import { declaredSchema } from "./json-schema.js";
import type { ConfigDeclaration, Configurable } from "./types.js";

/** One row of the table, in Markdown. */
type Row = readonly [key: string, value: string, fallback: string, description: string];

/**
 * Returns a Markdown table of a plugin's options: key, accepted values, default and description.
 *
 * @param definition - A definition of `defineImporter`, `defineExporter` or `defineStorage`, or its declaration.
 * @throws Error when a schema of the author's cannot be converted to JSON Schema.
 */
export function markdownOf(definition: Configurable): string {
  const declared: ConfigDeclaration = definition.config ?? {};
  const rows = isSchema(declared) ? foreignRows(definition) : ownRows(definition);
  const table: Row[] = [["option", "value", "default", "description"], ["---", "---", "---", "---"], ...rows];
  return table.map((row) => `| ${row.join(" | ")} |\n`).join("");
}

function ownRows(definition: Configurable): Row[] {
  return Object.entries(optionsOf(definition)).map(([key, option]) => [
    code(key),
    cell(option.isSecret ? `${option.expected} (secret)` : option.expected),
    fallback(option.isRequired, option.defaultText),
    cell(option.description ?? ""),
  ]);
}

/** Describes a schema of the author's as far as its JSON Schema does. */
function foreignRows(definition: Configurable): Row[] {
  const { properties, required } = declaredSchema(definition);
  const secrets = secretsOf(definition);
  return Object.entries(properties).map(([key, property]) => {
    const { type, description, default: value } = property as Readonly<Record<string, unknown>>;
    return [
      code(key),
      cell(`${typeof type === "string" ? type : "a text"}${secrets.includes(key) ? " (secret)" : ""}`),
      fallback(required.includes(key), value === undefined ? undefined : JSON.stringify(value)),
      cell(typeof description === "string" ? description : ""),
    ];
  });
}

function fallback(isRequired: boolean, text: string | undefined): string {
  if (text !== undefined) return code(text);
  return isRequired ? "required" : "none";
}

function code(text: string): string {
  return `\`${cell(text).replaceAll("`", "'")}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ").trim();
}
