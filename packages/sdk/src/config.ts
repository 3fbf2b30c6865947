/**
 * Options of a plugin's configuration, and what follows from them. A plugin that does not import this module does not
 * load the schema library.
 *
 * @module
 */
export { jsonSchemaOf, markdownOf, option, secretsOf } from "@kloset/config";
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
} from "@kloset/config";
