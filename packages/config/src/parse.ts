/**
 * Parses the strings of a host. Separate from the options, so that a plugin without options does not load the schema
 * library.
 *
 * @module
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { allSecretsOf, isSchema, optionsOf } from "./declared.js";
import { HOST_KEYS } from "./host-keys.js";
import type { ConfigDeclaration, Configurable, ConfigOf } from "./types.js";

/** Maximum characters of a value in an error. */
const SHOWN_OF_VALUE = 64;

/**
 * Parses the configuration that the host sends.
 *
 * @returns The value that `connect` receives. With a schema of the author's, it is the schema's output for all keys
 *   that Plakar did not add.
 * @throws Error that names every problem: the key, its value unless it is secret, and the expected values.
 */
export async function parseConfig<Declared extends ConfigDeclaration>(
  definition: Configurable<Declared>,
  config: Readonly<Record<string, string | undefined>>,
): Promise<ConfigOf<Declared>> {
  const declared: ConfigDeclaration = definition.config ?? {};
  const secrets = allSecretsOf(definition);
  const problems: string[] = [];
  let parsed: unknown;
  if (isSchema(declared)) {
    const own = Object.fromEntries(Object.entries(config).filter(([key]) => !HOST_KEYS.includes(key)));
    const outcome = await declared["~standard"].validate(own);
    if (outcome.issues === undefined) parsed = outcome.value;
    else problems.push(...outcome.issues.map((issue) => problemOf(issue, config, secrets)));
  } else {
    const entries: [string, unknown][] = [];
    for (const [key, option] of Object.entries(declared)) {
      const outcome = await option["~standard"].validate(Object.hasOwn(config, key) ? config[key] : undefined);
      if (outcome.issues === undefined) entries.push([key, outcome.value]);
      else if (!Object.hasOwn(config, key))
        problems.push(`config key "${key}" is missing: expected ${option.expected}`);
      else problems.push(...outcome.issues.map((issue) => problemOf(under(key, issue), config, secrets)));
    }
    const known = [...Object.keys(declared), ...HOST_KEYS];
    for (const key of Object.keys(config)) if (!known.includes(key)) problems.push(await unknownKey(key, declared));
    // Not an assignment: a key may be "__proto__".
    parsed = Object.fromEntries(entries);
  }
  if (problems.length > 0) throw new Error(problems.join("; "));
  return parsed as ConfigOf<Declared>;
}

function under(key: string, issue: StandardSchemaV1.Issue): StandardSchemaV1.Issue {
  return { message: issue.message, path: [key, ...(issue.path ?? [])] };
}

/** Words one issue. The first segment of its path is the key. */
function problemOf(
  { message, path = [] }: StandardSchemaV1.Issue,
  config: Readonly<Record<string, string | undefined>>,
  secrets: ReadonlySet<string>,
): string {
  const [key, ...inside] = path.map((segment) => String(typeof segment === "object" ? segment.key : segment));
  if (key === undefined) return `config: ${message}`;
  const where =
    inside.length === 0
      ? ""
      : `, item ${inside.map((segment) => (/^\d+$/.test(segment) ? String(Number(segment) + 1) : segment)).join(".")}`;
  const value = Object.hasOwn(config, key) ? config[key] : undefined;
  const got = value === undefined ? "" : `, got ${secrets.has(key) ? "***" : shown(value)}`;
  return `config key ${JSON.stringify(key)}${where}: ${message}${got}`;
}

function shown(value: string): string {
  const text = JSON.stringify(value.slice(0, SHOWN_OF_VALUE));
  return value.length <= SHOWN_OF_VALUE ? text : `${text}… (${value.length - SHOWN_OF_VALUE} more characters)`;
}

async function unknownKey(key: string, declared: object): Promise<string> {
  const keys = Object.keys(declared);
  const { nearestOf } = await import("./nearest.js");
  const near = nearestOf(key, keys);
  const name = JSON.stringify(key.slice(0, SHOWN_OF_VALUE));
  if (near !== undefined) return `config key ${name} is unknown: did you mean "${near}"?`;
  if (keys.length === 0) return `config key ${name} is unknown: the plugin has no options`;
  return `config key ${name} is unknown: expected one of ${keys.join(", ")}`;
}

/**
 * Returns the confidential values of a configuration: those of secret options, each item of a list of secrets, and the
 * password in the location.
 */
export function secretValues(definition: Configurable, config: Readonly<Record<string, string | undefined>>): string[] {
  const options = optionsOf(definition);
  const values = [...allSecretsOf(definition)].flatMap((key) => {
    const text = Object.hasOwn(config, key) ? config[key] : undefined;
    return text === undefined ? [] : [text, ...(options[key]?.partsOf?.(text) ?? [])];
  });
  const password = /^[^/]*:\/\/[^/:]*:([^/]*)@/.exec(config["location"] ?? "")?.[1];
  return password === undefined ? values : [...values, password, decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
