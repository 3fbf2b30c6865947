/**
 * Random protos for tests of the generator: every type, names that JavaScript reserves, imports, recursion.
 *
 * @module
 */
import fc from "fast-check";

const SCALARS = [
  ...["double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64"],
  ...["fixed32", "fixed64", "sfixed32", "sfixed64", "bool", "string", "bytes"],
];
const KEYS = SCALARS.filter((name) => !["double", "float", "bytes"].includes(name));
const LONGS = SCALARS.filter((name) => name.endsWith("64"));
const WELL_KNOWN = [
  ...["Timestamp", "Duration", "FieldMask", "Any", "Empty", "Struct", "Value", "ListValue"],
  ...["DoubleValue", "FloatValue", "Int32Value", "Int64Value", "UInt32Value", "UInt64Value"],
  ...["BoolValue", "StringValue", "BytesValue"],
].map((name) => `google.protobuf.${name}`);

/**
 * Names of fields. They differ in more than case and underscores, as protoc requires. `hasOwnProperty` and the like are
 * left out, because protobuf-es mistakes the inherited functions for values.
 */
const NAMES = [
  ...["constructor", "to_string", "toJSON", "value_of", "__proto__", "type_name", "prototype", "proto_name"],
  ...["default", "class", "delete", "function", "await", "undefined", "null", "this", "arguments", "eval", "_1"],
  ...[
    "r",
    "w",
    "m",
    "tag",
    "end",
    "start",
    "before",
    "error",
    "key",
    "value",
    "entry",
    "depth",
    "unknown",
    "i",
    "part",
  ],
  ...["snake_case", "camelCase", "UPPER_CASE", "with_2_digits", "case"],
];

/** Names of messages. */
const MESSAGES = [
  ...["Reader", "Writer", "MessageCodec", "FieldNames", "MessageInitShape", "Object", "Array", "Map", "String"],
  ...["Number", "Error", "Uint8Array", "Record", "Promise", "Symbol", "Boolean", "BigInt", "Buffer", "Function"],
  ...["default", "delete", "fieldsOfReader", "readWriter", "A", "A_B", "Thing", "Message", "deeper", "mapEntries"],
];

/** Types of the other files. */
const IMPORTED = ["imported.Part", "imported.Part.Inner", "imported.Tree", "legacy.Old"];

/** The files that every random proto imports: one of proto3, and one of proto2, which protobuf-es encodes. */
export const commonProtos: Readonly<Record<string, string>> = {
  "imported/parts.proto": `syntax = "proto3";
package imported;
message Part {
  message Inner { repeated Inner inner = 1; bytes content = 2; }
  enum Color { COLOR_UNSPECIFIED = 0; COLOR_RED = 1; COLOR_NEGATIVE = -1; }
  Inner inner = 1;
  map<string, Inner> named = 2;
  Color color = 3;
  repeated Color colors = 4;
}
message Tree { Tree left = 1; Tree right = 2; sint32 weight = 3; oneof next { Tree other = 4; Part part = 5; } }
`,
  "legacy/old.proto": `syntax = "proto2";
package legacy;
message Old {
  enum Size { SMALL = 1; LARGE = 2; }
  optional string name = 1 [default = "none"];
  optional Size size = 2;
  repeated int32 numbers = 3;
  map<int32, Old> more = 4;
}
`,
};

interface Declaration {
  readonly type: string;
  readonly options: string;
  readonly form: "single" | "optional" | "repeated" | "unpacked" | "oneof" | "map";
  readonly key: string;
  readonly number: number;
}

/** Returns random proto3 files. @param name - A unique name, which is also the package's. */
export function protoOf(name: string): fc.Arbitrary<string> {
  const messages = fc.uniqueArray(fc.constantFrom(...MESSAGES), { minLength: 1, maxLength: 4 });
  return messages.chain((names) => {
    const own = names.map((message) => `${name}.${message}`);
    const types = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...SCALARS) },
      { weight: 3, arbitrary: fc.constantFrom(...own, `${name}.Kind`, ...own.map((one) => `${one}.B`)) },
      { weight: 2, arbitrary: fc.constantFrom(...IMPORTED, "imported.Part.Color", ...WELL_KNOWN) },
    );
    const declaration: fc.Arbitrary<Declaration> = fc.record({
      type: types,
      options: fc.constantFrom("", "", "jstype = JS_STRING"),
      form: fc.constantFrom("single", "optional", "repeated", "unpacked", "oneof", "map"),
      key: fc.constantFrom(...KEYS),
      number: fc.oneof(
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom(15, 16, 2047, 2048, 18_999, 20_000, 0x1fff_ffff),
      ),
    });
    const fields = fc
      .uniqueArray(declaration, { minLength: 1, maxLength: 12, selector: ({ number }) => number })
      .chain((declarations) =>
        fc
          .shuffledSubarray(NAMES, { minLength: declarations.length, maxLength: declarations.length })
          .map((shuffled) => bodyOf(declarations, shuffled)),
      );
    return fc.tuple(...names.map(() => fc.tuple(fields, fields))).map((bodies) =>
      fileOf(
        name,
        names.map((message, i) => messageOf(message, bodies[i] ?? ["", ""])),
      ),
    );
  });
}

function messageOf(name: string, [body, nested]: readonly [string, string]): string {
  return `message ${name} {\n${body}  message B {\n${nested}  }\n}\n`;
}

function bodyOf(declarations: readonly Declaration[], names: readonly string[]): string {
  const lines: string[] = [];
  const choices: string[] = [];
  for (const [i, { type, options, form, key, number }] of declarations.entries()) {
    const isMessageType = type.includes(".") && !/\.(Kind|Color)$/.test(type);
    const isPackable = !isMessageType && type !== "string" && type !== "bytes";
    const all = [
      LONGS.includes(type) && form !== "map" ? options : "",
      form === "unpacked" && isPackable ? "packed = false" : "",
    ];
    const option = all.filter((one) => one !== "").join(", ");
    const rest = `${names[i] ?? ""} = ${number}${option === "" ? "" : ` [${option}]`};\n`;
    const dotted = type.includes(".") ? `.${type}` : type;
    if (form === "oneof") choices.push(`${dotted} ${rest}`);
    else if (form === "map") lines.push(`map<${key}, ${dotted}> ${rest}`);
    else
      lines.push(
        `${{ single: "", optional: "optional ", repeated: "repeated ", unpacked: "repeated " }[form]}${dotted} ${rest}`,
      );
  }
  if (choices.length > 0) lines.push(`oneof choice {\n${choices.join("")}}\n`);
  return lines.join("");
}

function fileOf(name: string, messages: readonly string[]): string {
  const known = ["any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers"];
  const imports = [...Object.keys(commonProtos), ...known.map((file) => `google/protobuf/${file}.proto`)];
  return `syntax = "proto3";
package ${name};
${imports.map((path) => `import "${path}";\n`).join("")}
enum Kind { KIND_UNSPECIFIED = 0; KIND_ONE = 1; KIND_LOW = -2147483648; }
${messages.join("")}`;
}
