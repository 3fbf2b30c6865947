import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";

/** A JSON Schema (2020-12), as a plain object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * One key of a plugin's configuration. Parses the string that the host sends into a value of type `Value`. An option
 * is a [Standard Schema](https://standardschema.dev), so it also works outside the SDK.
 *
 * @typeParam Value - The type that `connect` receives.
 */
export interface Option<Value = unknown> extends StandardSchemaV1<string | undefined, Value> {
  readonly "~standard": StandardSchemaV1.Props<string | undefined, Value> &
    StandardJSONSchemaV1.Props<string | undefined, Value>;
  /** The accepted values, in words: "an integer from 1 to 1000". Shown in errors and in the documentation. */
  readonly expected: string;
  /** The meaning of the option, for the user. Shown in the JSON Schema and in the documentation. */
  readonly description: string | undefined;
  /** The default as the user would write it. Undefined for an option without a default. */
  readonly defaultText: string | undefined;
  /** True if the host must send the key: it has no default and is not optional. */
  readonly isRequired: boolean;
  /** True if the value must never be shown. */
  readonly isSecret: boolean;
  /** Splits the text of a list into its items. Undefined for other options. */
  readonly partsOf?: ((text: string) => string[]) | undefined;
  /**
   * Returns the same option that may also be absent; its value is then undefined.
   *
   * @throws TypeError when the option has a default, which makes it optional already.
   */
  optional(): Option<Value | undefined>;
}

/**
 * The configuration that a plugin declares, by key.
 *
 * @example
 * { token: option.secret(), page_size: option.integer({ min: 1, max: 1000, default: 50 }) }
 */
export type Options = Readonly<Record<string, Option>>;

/** A plugin's configuration: options by key, or a Standard Schema for an object of strings. */
export type ConfigDeclaration = Options | StandardSchemaV1;

/** The type that `connect` receives for a declared configuration. */
export type ConfigOf<Declared extends ConfigDeclaration> =
  Declared extends StandardSchemaV1<unknown, infer Output>
    ? Output
    : { readonly [Key in keyof Declared]: Declared[Key] extends Option<infer Value> ? Value : never };

/** The part of a connector's definition that describes its configuration. */
export interface Configurable<Declared extends ConfigDeclaration = ConfigDeclaration> {
  /** The options that users can set. Default: none, so that every key is rejected. */
  readonly config?: Declared | undefined;
  /** Keys with confidential values, beside those of `option.secret`. Needed with a schema of your own. */
  readonly secrets?: readonly string[] | undefined;
}

/** Settings of every option. */
export interface Described<Default> {
  /** The meaning of the option, for the user. One sentence or two. */
  readonly description?: string;
  /** The value if the host sends none. Texts are parsed like the host's. */
  readonly default?: Default;
}

/** Settings of a numeric option. */
export interface NumberSettings extends Described<number> {
  /** The smallest accepted value. */
  readonly min?: number;
  /** The largest accepted value. */
  readonly max?: number;
}

/** Settings of a duration or a size. Limits are texts, as a user would write them. */
export interface QuantitySettings extends Described<string> {
  /** The smallest accepted value. Default: 0. */
  readonly min?: string;
  /** The largest accepted value. */
  readonly max?: string;
}

/** Settings of a text. */
export interface StringSettings extends Described<string> {
  /** A regular expression that the whole value must match. */
  readonly pattern?: RegExp;
}

/** Settings of a URL. */
export interface UrlSettings extends Described<string> {
  /** The accepted protocols, such as `["https:"]`. Default: `["http:", "https:"]`. */
  readonly protocols?: readonly string[];
}

/** Settings of a list. The default is a text, such as `"a,b"`. */
export interface ListSettings extends Described<string> {
  /** The text between two items. Default: `","`. */
  readonly separator?: string;
}
