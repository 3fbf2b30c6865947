/** An addition to `connectors.proto`. */
export interface Addition {
  readonly name: string;
  /** Fields of `Record`, from number 100. */
  readonly fields: string;
  /** Declarations of the file. */
  readonly declarations?: string;
  readonly imports?: readonly string[];
}

const colors = `// Color is a color.
enum Color {
  // No color.
  COLOR_UNSPECIFIED = 0;
  // Red.
  COLOR_RED = 1;
}
`;
const label = `// Label is a label.
message Label {
  // The text.
  string text = 1;
}
`;
const tree = `// Tree contains itself.
message Tree {
  // The branches.
  repeated Tree branches = 1;
  // The branches with a name.
  map<string, Tree> named = 2;
}
`;

/** Ordinary additions to a proto, each of which must only need `npm run generate`. */
export const additions: readonly Addition[] = [
  ...["double", "float", "sint64", "fixed32", "sfixed64", "optional double", "repeated int32", "repeated double"].map(
    (type) => ({ name: type, fields: `${type} added = 100;` }),
  ),
  { name: "repeated enum", fields: "repeated Color added = 100;", declarations: colors },
  { name: "repeated message", fields: "repeated Label added = 100;", declarations: label },
  { name: "optional message", fields: "optional Label added = 100;", declarations: label },
  { name: "map to message", fields: "map<string, Label> added = 100;", declarations: label },
  { name: "map with integer keys", fields: "map<int32, string> added = 100;" },
  { name: "optional bytes", fields: "optional bytes added = 100;" },
  { name: "oneof", fields: "oneof added {\n// Text.\nstring text = 100;\n// A number.\nfixed64 number = 101;\n}" },
  ...["sint32", "fixed64", "sfixed32", "optional float", "optional bool", "repeated bool", "repeated sfixed64"].map(
    (type) => ({ name: type, fields: `${type} added = 100;` }),
  ),
  { name: "unpacked repeated sint64", fields: "repeated sint64 added = 100 [packed = false];" },
  { name: "map from bool to bytes", fields: "map<bool, bytes> added = 100;" },
  { name: "map from fixed64 to enum", fields: "map<fixed64, Color> added = 100;", declarations: colors },
  { name: "recursive message", fields: "Tree added = 100;", declarations: tree },
  {
    name: "well-known types",
    fields: [
      ...["Duration added", "Struct details", "repeated Any things", "Int64Value maybe"].map((field, i) =>
        field.startsWith("repeated ")
          ? `repeated google.protobuf.${field.slice(9)} = ${100 + i};`
          : `google.protobuf.${field} = ${100 + i};`,
      ),
    ].join("\n// One more.\n"),
    imports: ["any", "duration", "struct", "wrappers"].map((file) => `google/protobuf/${file}.proto`),
  },
  { name: "a 64-bit integer as a string", fields: "uint64 added = 100 [jstype = JS_STRING];" },
  { name: "a reserved name", fields: "string constructor = 100;\n// One more.\nstring type_name = 101;" },
  {
    name: "nested types",
    fields:
      "// Inner is nested.\nmessage Inner {\n// A number.\noptional fixed32 number = 1;\n}\n" +
      "// One or many.\noneof many {\n// One.\nInner one = 100;\n// A color.\nColor color = 536870911;\n}",
    declarations: colors,
  },
];

/** Returns the text of `connectors.proto` with additions. The names of their fields get a suffix if there are several. */
export function withAdditions(text: string, added: readonly Addition[]): string {
  const last = "  uint32 fileAttributes = 10;\n";
  const imported = 'import "google/protobuf/timestamp.proto";\n';
  if (!text.includes(last) || !text.includes(imported)) throw new Error("connectors.proto has changed");
  const distinct = (values: readonly string[]): string => [...new Set(values)].join("");
  const fields = added.map((addition, i) => (added.length === 1 ? addition.fields : renumbered(addition.fields, i)));
  const imports = added.flatMap(({ imports: paths }) => paths ?? []).map((path) => `import "${path}";\n`);
  const declarations = added.map(({ declarations: one }) => one ?? "");
  return `${text
    .replace(last, `${last}${fields.map((one) => `// An addition.\n${one}\n`).join("")}`)
    .replace(imported, `${imported}${distinct(imports)}`)}\n${distinct(declarations)}`;
}

/** Moves the fields of an addition to numbers and names of their own. */
function renumbered(fields: string, index: number): string {
  return fields
    .replace(
      /\b(\w+) = 10(\d)/g,
      (_, name: string, digit: string) => `${name}${index} = ${100 + index * 10 + Number(digit)}`,
    )
    .replace(/oneof (\w+)/g, (_, name: string) => `oneof ${name}${index}`);
}
