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

describe("refuses a field with an unsupported type", () => {
  it.each<[string, MessageInit[]]>([
    ["double", thing({ type: Type.DOUBLE })],
    ["float", thing({ type: Type.FLOAT })],
    ["sint32", thing({ type: Type.SINT32 })],
    ["sint64", thing({ type: Type.SINT64 })],
    ["fixed32", thing({ type: Type.FIXED32 })],
    ["fixed64", thing({ type: Type.FIXED64 })],
    ["sfixed32", thing({ type: Type.SFIXED32 })],
    ["sfixed64", thing({ type: Type.SFIXED64 })],
    ["repeated int32", thing({ type: Type.INT32, label: Label.REPEATED })],
    ["repeated bool", thing({ type: Type.BOOL, label: Label.REPEATED })],
    ["repeated some.things.Kind", thing({ type: Type.ENUM, typeName: ".some.things.Kind", label: Label.REPEATED })],
    [
      "map<string, bytes>",
      thing(mapField, { nestedType: [entryType("SomeFieldEntry", Type.STRING, { type: Type.BYTES })] }),
    ],
    [
      "map<int32, string>",
      thing(mapField, { nestedType: [entryType("SomeFieldEntry", Type.INT32, { type: Type.STRING })] }),
    ],
    [
      "map<string, some.things.Kind>",
      thing(mapField, {
        nestedType: [entryType("SomeFieldEntry", Type.STRING, { type: Type.ENUM, typeName: ".some.things.Kind" })],
      }),
    ],
    ["int64 as a string", thing({ type: Type.INT64, options: { jstype: FieldOptions_JSType.JS_STRING } })],
    ["google.protobuf.Duration", thing({ type: Type.MESSAGE, typeName: ".google.protobuf.Duration" })],
  ])("%s", (type, messages) => {
    expect(() => generated(messages)).toThrow(
      `folder/things.proto: field "some_field" of some.things.Thing is ${type}: the generator does not support this type`,
    );
  });

  it("in a oneof", () => {
    const messages = thing({ type: Type.FLOAT, oneofIndex: 0 }, { oneofDecl: [{ name: "choice" }] });
    expect(() => generated(messages)).toThrow('field "some_field" of some.things.Thing is float');
  });

  it("in a message within a message", () => {
    const messages: MessageInit[] = [{ name: "Outer", nestedType: thing({ type: Type.FLOAT }) }];
    expect(() => generated(messages)).toThrow('field "some_field" of some.things.Outer.Thing is float');
  });

  it("in a file of another syntax", () => {
    expect(() => generated(thing({ type: Type.INT32 }), { syntax: "proto2" })).toThrow(
      'field "some_field" of some.things.Thing is int32 in proto2',
    );
  });
});

it("refuses a recursive message", () => {
  const messages: MessageInit[] = [
    {
      name: "A",
      field: [{ name: "b", number: 1, label: Label.OPTIONAL, type: Type.MESSAGE, typeName: ".some.things.B" }],
    },
    {
      name: "B",
      field: [{ name: "a", number: 1, label: Label.REPEATED, type: Type.MESSAGE, typeName: ".some.things.A" }],
    },
  ];
  expect(() => generated(messages)).toThrow(
    "folder/things.proto: some.things.A is recursive, which the generator does not support",
  );
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
