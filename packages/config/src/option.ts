import { isAbsolute, normalize } from "node:path";
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import * as v from "valibot";
import { parseBoolean, parseBytes, parseDate, parseDuration } from "./texts.js";
import type {
  Described,
  JsonSchema,
  ListSettings,
  NumberSettings,
  Option,
  QuantitySettings,
  StringSettings,
  UrlSettings,
} from "./types.js";

/** A schema that parses the host's text. */
type Parser<Value> = StandardSchemaV1<string, Value>;

type Outcome<Value> = StandardSchemaV1.Result<Value> | Promise<StandardSchemaV1.Result<Value>>;

/**
 * The kinds of options. Each function returns an {@link Option}, which the host must send unless it has a default or is
 * `optional()`.
 *
 * Every function throws a TypeError when its default is not a value that the option accepts.
 */
export const option = {
  /** Declares a text. Accepts every text, including "", unless `pattern` is given. */
  string(settings: StringSettings = {}): Option<string> {
    const { pattern } = settings;
    if (pattern === undefined) return optionOf(v.string(), "a text", { type: "string" }, settings);
    const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, ""));
    const expected = `a text that matches ${String(pattern)}`;
    const parser = v.pipe(v.string(), v.regex(whole, `expected ${expected}`));
    return optionOf(parser, expected, { type: "string", pattern: whole.source }, settings);
  },

  /** Declares a password, token or key. Its value is replaced by `***` wherever the SDK prints. Rejects "". */
  secret(settings: Pick<Described<never>, "description"> = {}): Option<string> {
    const expected = "a text that is not empty";
    const parser = v.pipe(v.string(), v.nonEmpty(`expected ${expected}`));
    const schema = { type: "string", minLength: 1, writeOnly: true, format: "password" };
    return optionOf(parser, expected, schema, settings, { isSecret: true });
  },

  /** Declares a whole number in decimal digits, within the safe integers. */
  integer(settings: NumberSettings = {}): Option<number> {
    const expected = `an integer${range(settings.min, settings.max)}`;
    const number = v.pipe(numberLike(/^[+-]?\d+$/, expected), v.safeInteger(`expected ${expected}`));
    return optionOf(limited(number, settings, expected), expected, numeric("integer", settings), settings);
  },

  /** Declares a decimal number, such as "0.5" or "1e-3". */
  number(settings: NumberSettings = {}): Option<number> {
    const expected = `a number${range(settings.min, settings.max)}`;
    const syntax = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
    const number = v.pipe(numberLike(syntax, expected), v.finite(`expected ${expected}`));
    return optionOf(limited(number, settings, expected), expected, numeric("number", settings), settings);
  },

  /** Declares a boolean. Accepts what Go's `strconv.ParseBool` does: 1, t, T, TRUE, true, True, 0, f, F, FALSE, false, False. */
  boolean(settings: Described<boolean> = {}): Option<boolean> {
    const expected = "true or false";
    return optionOf(parsed(expected, parseBoolean), expected, { type: "boolean" }, settings);
  },

  /**
   * Declares a duration in the syntax of Go's `time.ParseDuration`, such as "30s" or "1h30m".
   *
   * @returns An option whose value is in milliseconds.
   */
  duration(settings: QuantitySettings = {}): Option<number> {
    return quantity('a duration such as "30s" or "1h30m"', parseDuration, settings);
  },

  /**
   * Declares a size, such as "4096", "64 MiB" (of 1,024² bytes) or "1.5 GB" (of 1,000³ bytes).
   *
   * @returns An option whose value is a number of bytes.
   */
  bytes(settings: QuantitySettings = {}): Option<number> {
    return quantity('a size such as "4096" or "64 MiB"', parseBytes, settings);
  },

  /** Declares a date ("2026-01-31", midnight UTC) or a time with an offset ("2026-01-31T10:00:00Z"). */
  date(settings: Described<string> = {}): Option<Date> {
    const expected = 'a date such as "2026-01-31" or "2026-01-31T10:00:00Z"';
    return optionOf(parsed(expected, parseDate), expected, { type: "string" }, settings);
  },

  /** Declares an absolute URL. */
  url(settings: UrlSettings = {}): Option<URL> {
    const { protocols = ["http:", "https:"] } = settings;
    const expected = `a URL that starts with ${alternatives(protocols.map((protocol) => `${protocol}//`))}`;
    const parser = parsed(expected, (text) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      return url !== undefined && protocols.includes(url.protocol) ? url : undefined;
    });
    return optionOf(parser, expected, { type: "string", format: "uri" }, settings);
  },

  /** Declares an absolute path on the plugin's machine. The value is normalized. */
  path(settings: Described<string> = {}): Option<string> {
    const expected = "an absolute path";
    const parser = parsed(expected, (text) => (isAbsolute(text) && !text.includes("\0") ? normalize(text) : undefined));
    return optionOf(parser, expected, { type: "string", minLength: 1 }, settings);
  },

  /** Declares one of several texts. Upper and lower case differ. */
  enum<const Values extends readonly string[]>(
    values: Values,
    settings: Described<Values[number]> = {},
  ): Option<Values[number]> {
    const expected = alternatives(values.map((value) => JSON.stringify(value)));
    const parser = v.picklist(values, `expected ${expected}`);
    return optionOf(parser, expected, { type: "string", enum: [...values] }, settings);
  },

  /**
   * Declares a list in one text, such as "a, b". Spaces around an item are removed; "" is the empty list.
   *
   * @param of - The option that parses each item.
   */
  list<Value>(of: Option<Value>, settings: ListSettings = {}): Option<Value[]> {
    const { separator = "," } = settings;
    const expected = `a list of items separated by ${JSON.stringify(separator)}, each ${of.expected}`;
    const split = (text: string): string[] =>
      text.trim() === "" ? [] : text.split(separator).map((item) => item.trim());
    const parser = composed((text) => eachItem(of, split(text)));
    return optionOf(parser, expected, { type: "string" }, settings, { isSecret: of.isSecret, partsOf: split });
  },

  /**
   * Declares a value as JSON.
   *
   * @param settings - `schema`: a Standard Schema that checks the parsed value, and gives it a type.
   */
  json<Schema extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>>(
    settings: Described<string> & { readonly schema?: Schema } = {},
  ): Option<StandardSchemaV1.InferOutput<Schema>> {
    type Value = StandardSchemaV1.InferOutput<Schema>;
    const expected = "JSON";
    const { schema } = settings;
    const parser = composed<Value>((text) => {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        return { issues: [{ message: `expected ${expected}` }] };
      }
      if (schema === undefined) return { value };
      return schema["~standard"].validate(value);
    });
    return optionOf(parser, expected, { type: "string", contentMediaType: "application/json" }, settings);
  },
};

/** Creates an option from the schema that parses its text. */
function optionOf<Value>(
  parser: Parser<Value>,
  expected: string,
  schema: JsonSchema,
  settings: Described<string | number | boolean>,
  { isSecret = false, partsOf }: Partial<Pick<Option, "isSecret" | "partsOf">> = {},
): Option<Value> {
  const { description } = settings;
  const defaultText = settings.default === undefined ? undefined : String(settings.default);
  const validate = (value: unknown): Outcome<Value> => parser["~standard"].validate(value ?? defaultText);
  if (defaultText !== undefined) {
    const outcome = validate(defaultText);
    if (!(outcome instanceof Promise) && outcome.issues !== undefined)
      throw new TypeError(`the default of an option: expected ${expected}, got ${JSON.stringify(defaultText)}`);
  }
  const jsonSchema = { ...(description !== undefined && { description }), ...schema };
  const described = withDefault(jsonSchema, settings.default);
  const whole = { expected, description, defaultText, isSecret, partsOf };
  return {
    ...whole,
    isRequired: defaultText === undefined,
    "~standard": standard(
      (value) => (value === undefined && defaultText === undefined ? missing : validate(value)),
      described,
    ),
    optional: () => {
      if (defaultText !== undefined) throw new TypeError("an option with a default is optional already");
      return absentable({ ...whole, "~standard": standard(validate, described) });
    },
  };
}

const missing: StandardSchemaV1.FailureResult = { issues: [{ message: "is missing" }] };

/** Returns an option that accepts undefined. */
function absentable<Value>(parts: Omit<Option<Value>, "isRequired" | "optional">): Option<Value | undefined> {
  const { validate, jsonSchema } = parts["~standard"];
  const option: Option<Value | undefined> = {
    ...parts,
    isRequired: false,
    "~standard": {
      ...standard<Value | undefined>((value) => (value === undefined ? { value: undefined } : validate(value)), {}),
      jsonSchema,
    },
    optional: () => option,
  };
  return option;
}

function standard<Value>(validate: (value: unknown) => Outcome<Value>, schema: JsonSchema): Option<Value>["~standard"] {
  const convert = ({ target }: StandardJSONSchemaV1.Options): Record<string, unknown> => {
    if (target !== "draft-2020-12")
      throw new Error(`expected the target "draft-2020-12", got ${JSON.stringify(target)}`);
    return { ...schema };
  };
  return { version: 1, vendor: "kloset", validate, jsonSchema: { input: convert, output: convert } };
}

/** Adds the default of an option that is not secret. */
function withDefault(schema: JsonSchema, value: unknown): JsonSchema {
  return value === undefined ? schema : { ...schema, default: value };
}

/** Creates a schema from a function that returns undefined for a text that it rejects. */
function parsed<Value>(expected: string, parse: (text: string) => Value | undefined): v.GenericSchema<string, Value> {
  return v.pipe(
    v.string(),
    v.rawTransform<string, Value>(({ dataset, addIssue, NEVER: rejected }) => {
      const value = parse(dataset.value);
      if (value !== undefined) return value;
      addIssue({ message: `expected ${expected}` });
      return rejected;
    }),
  );
}

/** Creates a schema from a function that validates a text itself. */
function composed<Value>(validate: (text: string) => Outcome<Value>): Parser<Value> {
  return { "~standard": { version: 1, vendor: "kloset", validate: (value) => validate(String(value)) } };
}

async function eachItem<Value>(of: Option<Value>, items: readonly string[]): Promise<StandardSchemaV1.Result<Value[]>> {
  const values: Value[] = [];
  const issues: StandardSchemaV1.Issue[] = [];
  for (const [index, item] of items.entries()) {
    const outcome = await of["~standard"].validate(item);
    if (outcome.issues === undefined) values.push(outcome.value);
    else issues.push(...outcome.issues.map((issue) => ({ ...issue, path: [index, ...(issue.path ?? [])] })));
  }
  return issues.length > 0 ? { issues } : { value: values };
}

function numberLike(syntax: RegExp, expected: string): v.GenericSchema<string, number> {
  // Adding 0 turns -0 into 0.
  return v.pipe(
    v.string(),
    v.regex(syntax, `expected ${expected}`),
    v.transform((text) => Number(text) + 0),
  );
}

function limited(
  number: v.GenericSchema<string, number>,
  { min = -Infinity, max = Infinity }: Pick<NumberSettings, "min" | "max">,
  expected: string,
): v.GenericSchema<string, number> {
  return v.pipe(number, v.minValue(min, `expected ${expected}`), v.maxValue(max, `expected ${expected}`));
}

/** Creates an option for a quantity with a unit, whose limits are texts. */
function quantity(
  what: string,
  parse: (text: string) => number | undefined,
  settings: QuantitySettings,
): Option<number> {
  const { min = "0", max } = settings;
  const limits = {
    min: limit("min", min, what, parse),
    ...(max !== undefined && { max: limit("max", max, what, parse) }),
  };
  const expected = `${what}${range(settings.min, max, ",")}`;
  return optionOf(
    limited(parsed(expected, parse), limits, expected),
    expected,
    { type: "string", minLength: 1 },
    settings,
  );
}

function limit(name: string, text: string, what: string, parse: (text: string) => number | undefined): number {
  const value = parse(text);
  if (value === undefined) throw new TypeError(`${name} of an option: expected ${what}, got ${JSON.stringify(text)}`);
  return value;
}

function numeric(type: "integer" | "number", { min, max }: NumberSettings): JsonSchema {
  return { type, ...(min !== undefined && { minimum: min }), ...(max !== undefined && { maximum: max }) };
}

/** Returns " from 1 to 10", " of at least 1", " of at most 10" or nothing. */
function range(min: number | string | undefined, max: number | string | undefined, before = ""): string {
  if (min !== undefined && max !== undefined) return `${before} from ${min} to ${max}`;
  if (min !== undefined) return `${before} of at least ${min}`;
  return max === undefined ? "" : `${before} of at most ${max}`;
}

/** Joins texts: "a", "a or b", "a, b or c". */
function alternatives(texts: readonly string[]): string {
  const last = texts.at(-1) ?? "";
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(", ")} or ${last}`;
}
