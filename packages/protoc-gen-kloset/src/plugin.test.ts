import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldOptions_JSType,
  file_google_protobuf_duration,
  file_google_protobuf_timestamp,
  type DescriptorProtoSchema,
  type FieldDescriptorProtoSchema,
  type FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "@jest/globals";
import { plugin } from "./plugin.js";

type FieldInit = MessageInitShape<typeof FieldDescriptorProtoSchema>;
type MessageInit = MessageInitShape<typeof DescriptorProtoSchema>;

function generated(
  messageType: MessageInit[],
  file: MessageInitShape<typeof FileDescriptorProtoSchema> = {},
  ...parameters: string[]
): Record<string, string> {
  const request = create(CodeGeneratorRequestSchema, {
    fileToGenerate: ["folder/things.proto"],
    parameter: ["target=ts", "import_extension=js", ...parameters].join(","),
    protoFile: [
      file_google_protobuf_timestamp.proto,
      file_google_protobuf_duration.proto,
      {
        name: "folder/things.proto",
        package: "some.things",
        syntax: "proto3",
        dependency: ["google/protobuf/timestamp.proto", "google/protobuf/duration.proto"],
        messageType,
        enumType: [{ name: "Kind", value: [{ name: "KIND_UNSPECIFIED", number: 0 }] }],
        ...file,
      },
    ],
  });
  return Object.fromEntries(plugin.run(request).file.map(({ name, content }) => [name, content]));
}

function thing(field: FieldInit, more: MessageInit = {}): MessageInit[] {
  return [{ name: "Thing", field: [{ name: "some_field", number: 1, label: Label.OPTIONAL, ...field }], ...more }];
}

/** Returns the entry type of a map field, as protoc describes it. */
function entryType(name: string, key: Type, value: FieldInit): MessageInit {
  return {
    name,
    options: { mapEntry: true },
    field: [
      { name: "key", number: 1, label: Label.OPTIONAL, type: key },
      { name: "value", number: 2, label: Label.OPTIONAL, ...value },
    ],
  };
}

const mapField: FieldInit = {
  type: Type.MESSAGE,
  typeName: ".some.things.Thing.SomeFieldEntry",
  label: Label.REPEATED,
};

/** Returns the text of the codecs. */
function codecsOf(messages: MessageInit[], ...parameters: string[]): string {
  return generated(messages, {}, ...parameters)["folder/things_codec.ts"] ?? "";
}

// gen/schemas.property.test.ts compiles and runs such code.
describe("the code for a field", () => {
  it.each<[string, FieldInit, string[]]>([
    [
      "double",
      { type: Type.DOUBLE },
      ["case 9: {", "readDouble(r)", "!Object.is($someField, 0)", "writeDouble(w, 9, "],
    ],
    ["sint64", { type: Type.SINT64 }, ["case 8: {", "readSint64(r)", "$someField !== 0n", "writeSint64(w, 8, "]],
    [
      "repeated int32",
      { type: Type.INT32, label: Label.REPEATED },
      ["case 10: {", "case 8: {", "$someField.push(r.int32())", "w.int32(0, $someField[i]!, "],
    ],
    [
      "int64 as a string",
      { type: Type.INT64, options: { jstype: FieldOptions_JSType.JS_STRING } },
      ["$someField = `${r.int64()}`", 'longOf($someField, "some.things.Thing.some_field")'],
    ],
    [
      "google.protobuf.Duration",
      { type: Type.MESSAGE, typeName: ".google.protobuf.Duration" },
      ["readDuration(r, $someField)"],
    ],
  ])("%s", (_, field, parts) => {
    const text = codecsOf(thing(field));
    for (const part of parts) expect(text).toContain(part);
  });

  it("map<int64, enum>", () => {
    const value = { type: Type.ENUM, typeName: ".some.things.Kind" };
    const text = codecsOf(thing(mapField, { nestedType: [entryType("SomeFieldEntry", Type.INT64, value)] }));
    expect(text).toContain("key = `${r.int64()}`;");
    expect(text).toContain('w.int64(8, bigintKey(key, "some.things.Thing.some_field"), ');
  });

  it("of a recursive message, which counts the depth", () => {
    const text = codecsOf(thing({ type: Type.MESSAGE, typeName: ".some.things.Thing" }));
    expect(text).toContain("readThing(r, $someField, deeper(depth))");
    expect(text).toContain('writeThing(w, $someField, deeperIn("some.things.Thing.some_field", depth))');
  });

  it("with a high number, whose names are no long list", () => {
    expect(codecsOf(thing({ type: Type.BOOL, number: 536_870_911 }))).toContain('= { 536870911: "some_field" };');
  });

  it("whose name every object inherits", () => {
    const text = codecsOf(thing({ type: Type.BOOL, name: "has_own_property" }));
    expect(text).toContain('= (Object.hasOwn(m, "hasOwnProperty") ? m.hasOwnProperty : undefined);');
    // A message that was read has the property, and the compiler rejects `undefined` for it.
    expect(text).toContain("$hasOwnProperty = before.hasOwnProperty;");
  });

  it("whose name is a number", () => {
    expect(codecsOf(thing({ type: Type.BOOL, name: "_1" }))).toContain('m["1"]');
  });
});

it("leaves messages of other syntaxes to protobuf-es", () => {
  const files = generated(thing({ type: Type.INT32 }), { syntax: "proto2" });
  expect(files["folder/things_codec.ts"]).toContain(
    "mergeFromBinary(ThingSchema, before ?? create(ThingSchema), bytes, { readUnknownFields: false })",
  );
});

it("gives every function, codec and list a name of its own", () => {
  const names = ["Foo", "readFoo", "FooCodec", "writeFoo", "fieldsOfFoo"];
  const messages = names.map((name) => ({
    name,
    field: [{ name: "a", number: 1, label: Label.OPTIONAL, type: Type.MESSAGE, typeName: ".some.things.FooCodec" }],
  }));
  const text = codecsOf(messages);
  const declared = [...text.matchAll(/^(?:export )?(?:const|function) ([\w$]+)/gm)].map(([, name]) => name);
  expect(declared).toHaveLength(4 * names.length);
  expect(new Set(declared).size).toBe(declared.length);
  // Codecs, which other code names, keep their names.
  expect(declared).toEqual(expect.arrayContaining(names.map((name) => `${name}Codec`)));
  expect(text).toContain("readFooCodec$(r, $a, deeper(depth))");
});

it("renames imports that have the name of a list", () => {
  const text = codecsOf([
    { name: "Thing" },
    {
      name: "fieldsOfThing",
      field: [{ name: "a", number: 1, label: Label.OPTIONAL, type: Type.MESSAGE, typeName: ".some.things.Thing" }],
    },
  ]);
  expect(text).toContain("const fieldsOfThing: FieldNames");
  expect(text).toContain("fieldsOfThing as fieldsOfThing$1");
});

it("keeps unknown fields with the parameter unknown_fields", () => {
  const text = codecsOf(thing({ type: Type.BYTES }), "unknown_fields=keep");
  expect(text).toContain("unknown = keepUnknown(r, tag, fieldsOfThing, unknown);");
  expect(text).toContain("if (hasUnknown(m)) w.bytes(10, ");
  expect(text).toContain('writeUnknown(w, m, "some.things.Thing");');
  expect(() => codecsOf([], "unknown_fields=drop")).toThrow('parameter "unknown_fields": expected "keep", got "drop"');
});

describe("the generated code", () => {
  const files = generated(
    [
      {
        name: "Thing",
        field: [
          { name: "default", number: 1, label: Label.OPTIONAL, type: Type.STRING },
          {
            name: "at",
            number: 2000,
            label: Label.OPTIONAL,
            type: Type.MESSAGE,
            typeName: ".google.protobuf.Timestamp",
          },
        ],
        nestedType: [{ name: "Part" }],
      },
    ],
    {
      service: [
        {
          name: "Things",
          method: [
            {
              name: "Get",
              inputType: ".some.things.Thing",
              outputType: ".some.things.Thing.Part",
              serverStreaming: true,
            },
          ],
        },
      ],
    },
  );
  const text = files["folder/things_codec.ts"] ?? "";

  it("has a file of codecs for each proto and imported file, and one of tables for each proto with services", () => {
    expect(Object.keys(files).sort()).toEqual([
      "folder/things_codec.ts",
      "folder/things_table.ts",
      "google/protobuf/timestamp_codec.ts",
    ]);
  });

  it("has codecs for an imported file that only methods use", () => {
    const service = [
      {
        name: "Clock",
        method: [{ name: "Set", inputType: ".google.protobuf.Timestamp", outputType: ".google.protobuf.Duration" }],
      },
    ];
    const files = generated([], { service });
    expect(Object.keys(files).sort()).toEqual([
      "folder/things_table.ts",
      "google/protobuf/duration_codec.ts",
      "google/protobuf/timestamp_codec.ts",
    ]);
  });

  it("imports values from the runtime and other codecs only, and types from everything else", () => {
    expect([...text.matchAll(/^import (?!type)(.*);$/gm)].map((match) => match[1])).toEqual([
      '{ messageCodec } from "@kloset/wire/codec"',
      '{ readTimestamp, writeTimestamp } from "../google/protobuf/timestamp_codec.js"',
    ]);
  });

  it("avoids reserved words as names, and has tags of any length", () => {
    expect(text).toContain("const $default = m.default;");
    expect(text).toContain("w.openMessage(16002, $at, ");
    expect(text).toContain("case 16002: {");
  });

  it("has tables with a decoder of requests and an encoder of responses", () => {
    const table = files["folder/things_table.ts"] ?? "";
    expect(table).toContain('import { readThing, writeThing_Part } from "./things_codec.js";');
    expect(table).toContain(
      '{ name: "Get", localName: "get", path: "/some.things.Things/Get", kind: "server_streaming", ' +
        'input: messageDecoder("some.things.Thing", (r) => readThing(r)), output: messageEncoder("some.things.Thing.Part", writeThing_Part) }',
    );
  });
});

describe("an unread field", () => {
  const messages: MessageInit[] = [
    {
      name: "Thing",
      field: [
        { name: "part", number: 2, label: Label.OPTIONAL, type: Type.MESSAGE, typeName: ".some.things.Part" },
        { name: "name", number: 3, label: Label.OPTIONAL, type: Type.STRING },
      ],
    },
    {
      name: "Part",
      field: [
        { name: "text", number: 1, label: Label.OPTIONAL, type: Type.STRING },
        { name: "bytes", number: 2, label: Label.OPTIONAL, type: Type.BYTES },
        { name: "at", number: 4, label: Label.OPTIONAL, type: Type.MESSAGE, typeName: ".google.protobuf.Timestamp" },
        { name: "kind", number: 5, label: Label.OPTIONAL, type: Type.ENUM, typeName: ".some.things.Kind" },
      ],
    },
  ];
  const method = (name: string) => ({ name, inputType: ".some.things.Thing", outputType: ".some.things.Part" });
  const service = [{ name: "Things", method: [method("Get"), method("Put")] }];

  it("is left out of the requests of the named methods only", () => {
    const files = generated(
      messages,
      { service },
      "unread_in=some.things.Things.Put",
      "unread_field=some.things.Thing.part",
    );
    const text = files["folder/things_codec.ts"] ?? "";
    expect(text).toContain(
      'const plain_Thing_part: PlainFields = [undefined, "text", undefined, undefined, [undefined, "varint", "varint"], "varint"];',
    );
    expect(text.match(/r\.passes\(/g)).toHaveLength(1);
    expect(text).toMatch(
      /if \(!r\.passes\(plain_Thing_part\)\)\n\s+\$part = readPart\(r, \$part\);\n\s+r\.leave\(end\);/,
    );
    const table = files["folder/things_table.ts"] ?? "";
    expect(table).toContain(
      'name: "Get", localName: "get", path: "/some.things.Things/Get", kind: "unary", input: messageDecoder("some.things.Thing", (r) => readThing(r))',
    );
    expect(table).toContain(
      'name: "Put", localName: "put", path: "/some.things.Things/Put", kind: "unary", input: messageDecoder("some.things.Thing", (r) => r.leavingOut(readThing))',
    );
  });

  it("must be a single message", () => {
    expect(() => generated(messages, { service }, "unread_field=some.things.Thing.name")).toThrow(
      "some.things.Thing.name is not a single message: the generator cannot leave it out",
    );
  });

  it("allows no unknown parameter", () => {
    expect(() => generated(messages, {}, "unread=x")).toThrow('unknown parameter "unread"');
  });
});
