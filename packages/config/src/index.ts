/**
 * The configuration of a plugin. A declaration of options gives the type that `connect` receives, the parsing of the
 * host's strings, error texts, the JSON Schema of the manifest, the documentation, and the list of secrets.
 *
 * @module
 */
export { secretsOf } from "./declared.js";
export { jsonSchemaOf } from "./json-schema.js";
export { markdownOf } from "./markdown.js";
export { option } from "./option.js";
export type {
  ConfigDeclaration,
  ConfigOf,
  Configurable,
  Described,
  JsonSchema,
  ListSettings,
  NumberSettings,
  Option,
  Options,
  QuantitySettings,
  StringSettings,
  UrlSettings,
} from "./types.js";
