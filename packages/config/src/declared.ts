import type { StandardSchemaV1 } from "@standard-schema/spec";
import { SECRET_HOST_KEYS } from "./host-keys.js";
import type { ConfigDeclaration, Configurable, Options } from "./types.js";

/** Returns true for a Standard Schema in place of options. */
export function isSchema(declared: ConfigDeclaration): declared is StandardSchemaV1 {
  return "~standard" in declared;
}

/** Returns the options of a definition by key: none if it has a Standard Schema. */
export function optionsOf({ config = {} }: Configurable): Options {
  return isSchema(config) ? {} : config;
}

/**
 * Returns the keys of a definition whose values are confidential.
 *
 * @param definition - A definition of `defineImporter`, `defineExporter` or `defineStorage`, or its declaration.
 */
export function secretsOf(definition: Configurable): string[] {
  const declared = Object.entries(optionsOf(definition)).flatMap(([key, { isSecret }]) => (isSecret ? [key] : []));
  return [...new Set([...declared, ...(definition.secrets ?? [])])];
}

/** Returns all keys whose values are confidential, with those that Plakar adds. */
export function allSecretsOf(definition: Configurable): Set<string> {
  return new Set([...secretsOf(definition), ...SECRET_HOST_KEYS]);
}
