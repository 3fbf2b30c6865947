import type { DescField, DescFile, DescMessage, DescOneof } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import {
  isStringMap,
  typeOf,
  type FieldType,
  type MapType,
  type MessageType,
  type SingleType,
  type ValueType,
} from "./field-type.js";
import { byNumber, isRecursive } from "./messages.js";
import type { Options } from "./options.js";
import { plainFields, unreadMessage } from "./unread.js";
import {
  fieldsName,
  key,
  local,
  plainName,
  ownProperty,
  readName,
  reference,
  refusalName,
  runtime,
  tagOf,
} from "./names.js";

/** The highest field number up to which an array lists the names; an object does for higher ones. */
const MAX_LISTED_NUMBER = 255;

/** Prints the function that reads a message's fields. */
export function printRead(f: GeneratedFile, here: DescFile, message: DescMessage, options: Options): void {
  printNames(f, message);
  printPlain(f, message, options);
  const shape = f.importShape(message);
  f.print(
    f.jsDoc(
      `Reads the fields of ${message.typeName} up to the reader's end. They are merged into an earlier part of the message, if given.`,
    ),
  );
  f.print(
    f.export("function", readName(f, message)),
    "(r: ",
    f.import("Reader", runtime, true),
    message.fields.length === 0 ? ", _before?: " : ", before?: ",
    shape,
    isRecursive(message) ? ", depth = 0): " : "): ",
    shape,
    " {",
  );
  for (const member of message.members)
    f.print(
      ...[
        "  let ",
        local(member.localName),
        ": ",
        shape,
        "[",
        f.string(member.localName),
        "] = ",
        initial(f, member),
        ";",
      ],
    );
  printBefore(f, message);
  const { keepsUnknown } = options;
  if (keepsUnknown) f.print("  let unknown = ", message.fields.length === 0 ? "_" : "", "before?.$unknown;");
  f.print("  let tag = 0;");
  f.print("  try {");
  f.print("    while (r.position < r.end) {");
  f.print("      tag = r.tag();");
  f.print("      switch (tag) {");
  for (const field of byNumber(message)) printField(f, here, field, options);
  f.print("        default:");
  if (keepsUnknown)
    f.print(
      "          unknown = ",
      f.import("keepUnknown", runtime),
      "(r, tag, ",
      fieldsName(f, message),
      ", unknown);",
    );
  else f.print("          r.unknown(tag, ", fieldsName(f, message), ");");
  f.print("      }");
  f.print("    }");
  f.print("  } catch (error) {");
  f.print("    throw r.blame(error, tag, ", fieldsName(f, message), ");");
  f.print("  }");
  const whole: Printable = [
    ...["{ $typeName: ", f.string(message.typeName)],
    ...message.members.flatMap(({ localName }) => [", ", key(localName), ": ", local(localName)]),
    " }",
  ];
  if (keepsUnknown) f.print("  return ", f.import("withUnknown", runtime), "<", shape, ">(", whole, ", unknown);");
  else f.print("  return ", whole, ";");
  f.print("}");
  f.print();
}

/** Prints the names of the fields, indexed by number. */
function printNames(f: GeneratedFile, message: DescMessage): void {
  const fields = byNumber(message);
  f.print(
    "const ",
    fieldsName(f, message),
    ": ",
    f.import("FieldNames", runtime, true),
    " = ",
    ...names(f, fields),
    ";",
  );
  f.print();
}

function names(f: GeneratedFile, fields: readonly DescField[]): Printable[] {
  if ((fields.at(-1)?.number ?? 0) > MAX_LISTED_NUMBER)
    return ["{ ", ...separated(fields.map(({ number, name }) => [number, ": ", f.string(name)])), " }"];
  const listed: Printable[] = [];
  for (const { number, name } of fields) {
    while (listed.length < number) listed.push("undefined");
    listed.push(f.string(name));
  }
  return ["[", ...separated(listed), "]"];
}

function separated(elements: readonly Printable[]): Printable[] {
  return elements.map((element, i) => (i === 0 ? element : [", ", element]));
}

function printBefore(f: GeneratedFile, message: DescMessage): void {
  if (message.members.length === 0) return;
  f.print("  if (before !== undefined) {");
  for (const { localName } of message.members)
    f.print("    ", local(localName), " = ", ownProperty("before", localName), ";");
  f.print("  }");
}

function initial(f: GeneratedFile, member: DescField | DescOneof): Printable {
  if (member.kind === "oneof") return "{ case: undefined }";
  const known = typeOf(member);
  if (known.many === "list") return "[]";
  if (known.many === "map") return "{}";
  if (known.type.kind === "message" || member.proto.proto3Optional) return "undefined";
  return zeroOf(f, known.type);
}

function zeroOf(f: GeneratedFile, { zero }: ValueType): Printable {
  return zero === "noBytes" ? f.import("noBytes", runtime) : zero;
}

/** Prints the lists that describe the messages of unread fields. */
function printPlain(f: GeneratedFile, message: DescMessage, options: Options): void {
  for (const field of byNumber(message)) {
    const left = unreadMessage(options, field);
    if (left === undefined) continue;
    f.print("const ", plainName(f, field), ": ", f.import("PlainFields", runtime, true), " = ", plainFields(left), ";");
    f.print();
  }
}

function printField(f: GeneratedFile, here: DescFile, field: DescField, options: Options): void {
  const known = typeOf(field);
  if (known.many === "map") {
    printCase(f, field, 2, () => {
      printMapEntry(f, here, field, known);
    });
  } else if (known.type.kind === "message") {
    const { type } = known;
    printCase(f, field, 2, () => {
      f.print("          const end = r.enter();");
      // A condition for the next statement, which reads and stores the message.
      if (unreadMessage(options, field) !== undefined) f.print("          if (!r.passes(", plainName(f, field), "))");
      printStore(
        f,
        field,
        known,
        readMessage(f, here, field, type, known.many === "list" ? undefined : present(field)),
      );
      f.print("          r.leave(end);");
    });
  } else {
    const { type } = known;
    if (known.many === "list" && type.wireType !== 2) {
      // Readers accept both encodings of a repeated number.
      printCase(f, field, 2, () => {
        f.print("          const end = r.enter();");
        f.print("          while (r.position < r.end) ", local(field.localName), ".push(", readValue(f, type), ");");
        f.print("          r.leave(end);");
      });
    }
    printCase(f, field, type.wireType, () => {
      printStore(f, field, known, readValue(f, type));
    });
  }
}

function printCase(f: GeneratedFile, { number }: DescField, wireType: number, printBody: () => void): void {
  f.print("        case ", tagOf(number, wireType), ": {");
  printBody();
  f.print("          break;");
  f.print("        }");
}

/** Prints the statement that stores a value: the last value of a field counts. */
function printStore(f: GeneratedFile, field: DescField, known: FieldType, value: Printable): void {
  if (known.many === "list") f.print("          ", local(field.localName), ".push(", value, ");");
  else if (field.oneof === undefined) f.print("          ", local(field.localName), " = ", value, ";");
  else
    f.print(
      ...[
        "          ",
        local(field.oneof.localName),
        " = { case: ",
        f.string(field.localName),
        ", value: ",
        value,
        " };",
      ],
    );
}

/** A value that a later part of the message merges with. */
interface Present {
  /** An expression for the value. */
  readonly value: string;
  /** The condition under which there is a value; undefined if the value is undefined otherwise. */
  readonly condition?: string;
}

function present(field: DescField): Present {
  const { oneof } = field;
  if (oneof === undefined) return { value: local(field.localName) };
  const value = local(oneof.localName);
  return { value: `${value}.value`, condition: `${value}.case === ${JSON.stringify(field.localName)}` };
}

/** Returns an expression that reads a message in the representation of the field. */
function readMessage(
  f: GeneratedFile,
  here: DescFile,
  field: DescField,
  type: MessageType,
  before?: Present,
): Printable {
  const read = (earlier: Printable[]): Printable[] => readCall(f, here, field, type, earlier);
  if (type.form === "message") {
    if (before === undefined) return read([]);
    const { condition, value } = before;
    return read([condition === undefined ? value : `${condition} ? ${value} : undefined`]);
  }
  const condition = before?.condition ?? `${before?.value ?? ""} !== undefined`;
  const earlier =
    before === undefined ? [] : [condition, " ? ", ...toMessage(f, field, type, before.value), " : undefined"];
  return fromMessage(f, type, read(earlier));
}

/** Returns a call of the function that reads a message. */
function readCall(
  f: GeneratedFile,
  here: DescFile,
  field: DescField,
  { message }: MessageType,
  earlier: Printable[],
): Printable[] {
  const args: Printable[] = earlier.length === 0 ? [] : [", ", ...earlier];
  if (isRecursive(message) && isRecursive(field.parent))
    args.push(earlier.length === 0 ? ", undefined" : "", ", ", f.import("deeper", runtime), "(depth)");
  return [reference(f, here, message, readName(f, message)), "(r", ...args, ")"];
}

/** Returns the message of a value in the representation of the field. */
function toMessage(f: GeneratedFile, field: DescField, { form, message }: MessageType, value: string): Printable[] {
  if (form === "wrapper") return ["{ $typeName: ", f.string(message.typeName), ", value: ", value, " }"];
  return [f.import("jsonToStruct", runtime), "(", value, ", ", refusalName(f, field), ")"];
}

/** Returns the representation of a message in the field. */
function fromMessage(f: GeneratedFile, { form }: MessageType, message: Printable[]): Printable[] {
  if (form === "wrapper") return [...message, ".value"];
  return [f.import("structToJson", runtime), "(", ...message, ")"];
}

/** Returns an expression that reads a value. */
function readValue(f: GeneratedFile, { method, suffix, isText }: ValueType): Printable {
  const value = method === undefined ? [f.import(`read${suffix ?? ""}`, runtime), "(r)"] : ["r.", method, "()"];
  return isText === true ? ["`${", ...value, "}`"] : value;
}

/** Prints the statements that read an entry of a map. */
function printMapEntry(f: GeneratedFile, here: DescFile, field: DescField, known: MapType): void {
  const map = local(field.localName);
  if (isStringMap(known)) {
    f.print("          r.stringMapEntry(", map, ");");
    return;
  }
  const { type } = known;
  f.print("          const end = r.enter();");
  f.print("          let key = ", keyZero(known.key), ";");
  f.print("          let value", ...entryZero(f, type), ";");
  f.print("          while (r.position < r.end) {");
  f.print("            const part = r.tag();");
  f.print("            switch (part) {");
  f.print("              case ", tagOf(1, known.key.wireType), ":");
  f.print("                key = ", keyValue(f, known.key), ";");
  f.print("                break;");
  f.print("              case ", tagOf(2, type.kind === "message" ? 2 : type.wireType), ": {");
  if (type.kind === "message") {
    f.print("                const entryEnd = r.enter();");
    f.print("                value = ", readCall(f, here, field, type, ["value"]), ";");
    f.print("                r.leave(entryEnd);");
  } else {
    f.print("                value = ", readValue(f, type), ";");
  }
  f.print("                break;");
  f.print("              }");
  f.print("              default:");
  f.print("                r.unknown(part, ", f.import("fieldsOfEntry", runtime), ");");
  f.print("            }");
  f.print("          }");
  // At the end of the entry, an absent message is read as an empty one.
  const value =
    type.kind === "value"
      ? "value"
      : type.form === "message"
        ? ["value ?? ", ...readCall(f, here, field, type, [])]
        : fromMessage(f, type, ["value ?? ", ...readCall(f, here, field, type, [])]);
  if (known.key.method === "string")
    f.print("          ", f.import("setMapEntry", runtime), "(", map, ", key, ", value, ");");
  else f.print("          ", map, "[key] = ", value, ";");
  f.print("          r.leave(end);");
}

/** Returns true for a key that is a string in the map, though not on the wire. */
function isTextKey({ zero }: ValueType): boolean {
  return zero === "0n" || zero === "false";
}

function keyZero(key: ValueType): string {
  if (!isTextKey(key)) return key.zero;
  return key.zero === "0n" ? '"0"' : '"false"';
}

function keyValue(f: GeneratedFile, key: ValueType): Printable {
  return readValue(f, isTextKey(key) ? { ...key, isText: true } : key);
}

function entryZero(f: GeneratedFile, type: SingleType): Printable[] {
  if (type.kind === "value") return [" = ", zeroOf(f, type)];
  return [": ", f.importShape(type.message), " | undefined"];
}
