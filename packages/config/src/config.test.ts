/** Options, from their declaration to the value, the errors, the JSON Schema and the table. */
import { describe, expect, it } from "@jest/globals";
import * as v from "valibot";
import { jsonSchemaOf, markdownOf, option, secretsOf, type ConfigOf, type Configurable, type Option } from "./index.js";
import { nearestOf } from "./nearest.js";
import { parseConfig, secretValues } from "./parse.js";

const declared = {
  token: option.secret({ description: "API token" }),
  page_size: option.integer({ min: 1, max: 1000, default: 50 }),
  since: option.date().optional(),
  mode: option.enum(["fast", "safe"], { default: "safe", description: "One | of two" }),
};

/** Parses a single value. */
async function parse<Value>(one: Option<Value>, value?: string): Promise<Value> {
  const config = { location: "x://", ...(value !== undefined && { key: value }) };
  const { key } = (await parseConfig({ config: { key: one } }, config)) as { key: Value };
  return key;
}

const parseFails = async (definition: Configurable, config: Record<string, string>): Promise<string> => {
  const error = await parseConfig(definition, config).catch((reason: unknown) => reason);
  return error instanceof Error ? error.message : "no error";
};

describe("parseConfig", () => {
  it("infers the type of every option, and parses it", async () => {
    const config = await parseConfig({ config: declared }, { location: "x://", token: "abcd", since: "2026-01-31" });
    // Compiles only if the types are inferred.
    const typed: { token: string; page_size: number; since: Date | undefined; mode: "fast" | "safe" } = config;
    const same: ConfigOf<typeof declared> = config;
    expect(same).toBe(typed);
    expect(typed).toEqual({ token: "abcd", page_size: 50, since: new Date("2026-01-31"), mode: "safe" });
  });

  it("names every problem in one error", async () => {
    const text = await parseFails(
      { config: { ...declared, key: option.secret() } },
      { page_size: "ten", since: "yesterday", mode: "Fast", tokne: "hush-hush", key: "" },
    );
    expect(text.split("; ")).toEqual([
      'config key "token" is missing: expected a text that is not empty',
      'config key "page_size": expected an integer from 1 to 1000, got "ten"',
      'config key "since": expected a date such as "2026-01-31" or "2026-01-31T10:00:00Z", got "yesterday"',
      'config key "mode": expected "fast" or "safe", got "Fast"',
      'config key "key": expected a text that is not empty, got ***',
      'config key "tokne" is unknown: did you mean "token"?',
    ]);
  });

  it("accepts the keys that Plakar adds, which the plugin does not receive", async () => {
    const config = { location: "x://", passphrase: "p", passphrase_cmd: "pass show" };
    expect(await parseConfig({}, config)).toEqual({});
  });

  it("names all options for a key that resembles none", async () => {
    expect(await parseFails({ config: declared }, { token: "abcd", colour: "red" })).toBe(
      'config key "colour" is unknown: expected one of token, page_size, since, mode',
    );
    expect(await parseFails({}, { colour: "red" })).toBe('config key "colour" is unknown: the plugin has no options');
  });

  it("treats names of Object.prototype as unknown keys", async () => {
    expect(await parseFails({}, { constructor: "a", ["__proto__x"]: "b" })).toMatch(
      /"constructor" is unknown.*"__proto__x" is/,
    );
    const config = JSON.parse('{"__proto__": "a"}') as Record<string, string>;
    expect(await parseFails({}, config)).toContain('"__proto__" is unknown');
  });

  it("shows the beginning of a long value", async () => {
    expect(await parseFails({ config: declared }, { token: "abcd", page_size: "9".repeat(100) })).toMatch(
      /got "9{64}"… \(36 more characters\)$/,
    );
  });

  it("accepts a Standard Schema in place of options", async () => {
    const schema = v.strictObject({
      size: v.pipe(v.string(), v.digits("expected digits"), v.transform(Number)),
      pin: v.optional(v.pipe(v.string(), v.digits())),
    });
    const config: { size: number } = await parseConfig({ config: schema }, { location: "x://", size: "5" });
    expect(config).toEqual({ size: 5 });
    const definition = { config: schema, secrets: ["pin"] };
    const text = await parseFails(definition, { size: "x", pin: "secret" });
    expect(text).toMatch(/^config key "size": expected digits, got "x"; config key "pin": .*got \*\*\*$/);
    expect(secretsOf(definition)).toEqual(["pin"]);
  });
});

describe("nearestOf", () => {
  it.each([
    ["pagesize", "page_size"],
    ["Page-Size", "page_size"],
    ["page_sise", "page_size"],
    ["tokn", "token"],
    ["xyz", undefined],
    ["t".repeat(10_000), undefined],
    ["page.size", "page_size"],
  ])("finds the key for %.20j", (key, near) => {
    expect(nearestOf(key, ["token", "page_size"])).toBe(near);
  });
});

describe("option", () => {
  it.each<[string, Option, string, unknown]>([
    ["string", option.string(), "", ""],
    ["string with a pattern", option.string({ pattern: /[a-z]+/g }), "abc", "abc"],
    ["integer", option.integer(), "+7", 7],
    ["integer", option.integer(), "-0", 0],
    ["number", option.number(), "1e-3", 0.001],
    ["boolean", option.boolean(), "T", true],
    ["duration", option.duration(), "1m", 60_000],
    ["negative duration", option.duration({ min: "-1h" }), "-1s", -1000],
    ["bytes", option.bytes(), "1 KiB", 1024],
    ["url", option.url(), "https://example.org/a", new URL("https://example.org/a")],
    ["path", option.path(), "/a/../b", "/b"],
    ["list", option.list(option.integer()), "1, 2,3", [1, 2, 3]],
    ["empty list", option.list(option.integer()), " ", []],
    ["list with a separator", option.list(option.string(), { separator: ";" }), "a,b;c", ["a,b", "c"]],
    ["json", option.json(), '{"a":[1]}', { a: [1] }],
    ["json with a schema", option.json({ schema: v.object({ a: v.number() }) }), '{"a":1}', { a: 1 }],
  ])("%s parses a text", async (_, one, text, value) => {
    expect(await parse(one, text)).toEqual(value);
  });

  it.each<[string, Option, string, string]>([
    ["string with a pattern", option.string({ pattern: /[a-z]+/ }), "abc1", "a text that matches /[a-z]+/"],
    ["integer", option.integer(), "1.0", "an integer, got"],
    ["integer", option.integer(), "9007199254740993", "an integer, got"],
    ["integer", option.integer({ min: 1 }), "0", "an integer of at least 1, got"],
    ["integer", option.integer({ max: 9 }), "10", "an integer of at most 9, got"],
    ["integer", option.integer(), "", 'an integer, got ""'],
    ["number", option.number(), "NaN", "a number, got"],
    ["number", option.number(), "1e999", "a number, got"],
    ["number", option.number(), "0x10", "a number, got"],
    ["boolean", option.boolean(), "yes", 'true or false, got "yes"'],
    ["duration", option.duration({ min: "1s", max: "1h" }), "2h", ', from 1s to 1h, got "2h"'],
    ["duration", option.duration(), "-1s", 'a duration such as "30s" or "1h30m", got "-1s"'],
    ["bytes", option.bytes({ max: "1 GiB" }), "2 GiB", 'a size such as "4096" or "64 MiB", of at most 1 GiB'],
    ["url", option.url(), "ftp://example.org", "a URL that starts with http:// or https://"],
    ["url", option.url({ protocols: ["https:"] }), "localhost:80", "a URL that starts with https://"],
    ["path", option.path(), "a/b", "an absolute path"],
    ["path", option.path(), "/a\0", "an absolute path"],
    ["list", option.list(option.integer()), "1,x", 'config key "key", item 2: expected an integer, got "1,x"'],
    ["list", option.list(option.integer()), "1,", "item 2: expected an integer"],
    ["json", option.json(), "{", 'expected JSON, got "{"'],
    [
      "json with a schema",
      option.json({ schema: v.object({ a: v.number() }) }),
      '{"a":"b"}',
      'config key "key", item a: ',
    ],
  ])("%s rejects a text and says why", async (_, one, text, message) => {
    await expect(parse(one, text)).rejects.toThrow(message);
  });

  it("may be absent if it is optional", async () => {
    expect(await parse(option.integer().optional())).toBeUndefined();
    expect(await parse(option.list(option.string()).optional().optional())).toBeUndefined();
    await expect(parse(option.integer().optional(), "x")).rejects.toThrow("expected an integer");
    await expect(parse(option.integer())).rejects.toThrow('config key "key" is missing: expected an integer');
  });

  it("uses a default", async () => {
    expect(await parse(option.duration({ default: "30s" }))).toBe(30_000);
    expect(await parse(option.boolean({ default: false }))).toBe(false);
    expect(await parse(option.list(option.integer(), { default: "1,2" }))).toEqual([1, 2]);
    expect(() => option.boolean({ default: false }).optional()).toThrow("optional already");
  });

  it("rejects an invalid default or limit when it is declared", () => {
    expect(() => option.integer({ max: 5, default: 6 })).toThrow('expected an integer of at most 5, got "6"');
    expect(() => option.duration({ default: "soon" })).toThrow('got "soon"');
    expect(() => option.bytes({ max: "big" })).toThrow('max of an option: expected a size such as "4096"');
  });
});

describe("jsonSchemaOf", () => {
  it("has types, limits, defaults, and the keys of the host", () => {
    expect(jsonSchemaOf({ config: declared })).toEqual({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: {
        location: { type: "string", minLength: 1 },
        passphrase: { type: "string", writeOnly: true, format: "password" },
        passphrase_cmd: { type: "string", writeOnly: true, format: "password" },
        token: { type: "string", minLength: 1, writeOnly: true, format: "password", description: "API token" },
        page_size: { type: "integer", minimum: 1, maximum: 1000, default: 50 },
        since: { type: "string" },
        mode: { type: "string", enum: ["fast", "safe"], default: "safe", description: "One | of two" },
      },
      required: ["location", "token"],
      additionalProperties: false,
    });
  });

  it("takes a declared location", () => {
    const { properties, required } = jsonSchemaOf({ config: { location: option.string({ pattern: /x:\/\/.+/ }) } });
    expect(properties).toMatchObject({ location: { pattern: "^(?:x:\\/\\/.+)$" } });
    expect(required).toEqual(["location"]);
  });

  it("asks a schema of the author's, and marks its secrets", () => {
    const input = { type: "object", properties: { pin: { type: "string", description: "PIN" } }, required: ["pin"] };
    const plain = v.object({ pin: v.string() });
    const schema = { "~standard": { ...plain["~standard"], jsonSchema: { input: () => input, output: () => input } } };
    const definition = { config: schema, secrets: ["pin"] };
    expect(jsonSchemaOf(definition)).toMatchObject({
      properties: { pin: { type: "string", writeOnly: true } },
      required: ["location", "pin"],
    });
    expect(markdownOf(definition)).toContain("| `pin` | string (secret) | required | PIN |");
    expect(() => jsonSchemaOf({ config: plain })).toThrow("(valibot) has no jsonSchema");
  });
});

describe("markdownOf", () => {
  it("is a table of all options", () => {
    expect(markdownOf({ config: declared })).toBe(
      [
        "| option | value | default | description |",
        "| --- | --- | --- | --- |",
        "| `token` | a text that is not empty (secret) | required | API token |",
        "| `page_size` | an integer from 1 to 1000 | `50` |  |",
        '| `since` | a date such as "2026-01-31" or "2026-01-31T10:00:00Z" | none |  |',
        '| `mode` | "fast" or "safe" | `safe` | One \\| of two |',
        "",
      ].join("\n"),
    );
  });
});

describe("secretValues", () => {
  it("has the values of secrets, of the host's passphrase, and the password of the location", () => {
    const config = { ...declared, keys: option.list(option.secret()) };
    const texts = {
      location: "s3://me:p%40ss@host/b",
      token: "abcd",
      keys: "one1, two2",
      passphrase: "pass",
      page_size: "7",
    };
    expect(secretValues({ config, secrets: ["page_size"] }, texts)).toEqual(
      expect.arrayContaining(["abcd", "one1, two2", "one1", "two2", "pass", "p%40ss", "p@ss", "7"]),
    );
    expect(secretValues({}, { location: "fs:///a:b@c" })).toEqual([]);
    expect(secretValues({}, { location: "s3://me:%zz@host" })).toContain("%zz");
    // A user ends at the first colon, and a password at the last "@".
    expect(secretValues({}, { location: "s3://me:pa:s@s@host/a:b@c" })).toContain("pa:s@s");
    expect(secretValues({}, { location: "s3://me@corp:secret@host" })).toContain("secret");
  });
});
