import type { DescField, DescFile, DescMessage, DescOneof } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import { typeOf, type FieldType } from "./field-type.js";
import { byNumber } from "./messages.js";
import { plainFields, unreadMessage, type Unread } from "./unread.js";
import { fieldsName, plainName, readName, reference, runtime } from "./names.js";

/** Prints the function that reads a message's fields. */
export function printRead(f: GeneratedFile, here: DescFile, message: DescMessage, unread: Unread): void {
  printNames(f, message);
  printPlain(f, message, unread);
  const shape = f.importShape(message);
  f.print(
    f.jsDoc(
      `Reads the fields of ${message.typeName} up to the reader's end. They are merged into an earlier part of the message, if given.`,
    ),
  );
  f.print(
    f.export("function", readName(message)),
    "(r: ",
    f.import("Reader", runtime, true),
    message.fields.length === 0 ? ", _before?: " : ", before?: ",
    shape,
    "): ",
    shape,
    " {",
  );
  for (const member of message.members)
    f.print("  let ", local(member), ": ", shape, "[", f.string(member.localName), "] = ", initial(f, member), ";");
  printBefore(f, message);
  f.print("  let tag = 0;");
  f.print("  try {");
  f.print("    while (r.position < r.end) {");
  f.print("      tag = r.tag();");
  f.print("      switch (tag) {");
  for (const field of byNumber(message)) printCase(f, here, field, unread);
  f.print("        default:");
  f.print("          r.unknown(tag, ", fieldsName(message), ");");
  f.print("      }");
  f.print("    }");
  f.print("  } catch (error) {");
  f.print("    throw r.blame(error, tag, ", fieldsName(message), ");");
  f.print("  }");
  f.print(
    "  return { $typeName: ",
    f.string(message.typeName),
    ...message.members.flatMap((member) => [", ", member.localName, ": ", local(member)]),
    " };",
  );
  f.print("}");
  f.print();
}

/** Prints the names of the fields, indexed by number. */
function printNames(f: GeneratedFile, message: DescMessage): void {
  const names: Printable[] = [];
  for (const field of byNumber(message)) {
    while (names.length < field.number) names.push("undefined");
    names.push(f.string(field.name));
  }
  const elements = names.map((name, i) => (i === 0 ? name : [", ", name]));
  f.print("const ", fieldsName(message), ": ", f.import("FieldNames", runtime, true), " = [", ...elements, "];");
  f.print();
}

function printBefore(f: GeneratedFile, message: DescMessage): void {
  if (message.members.length === 0) return;
  f.print("  if (before !== undefined) {");
  for (const member of message.members) f.print("    ", local(member), " = before.", member.localName, ";");
  f.print("  }");
}

function initial(f: GeneratedFile, member: DescField | DescOneof): Printable {
  if (member.kind === "oneof") return "{ case: undefined }";
  const known = typeOf(member);
  if (known.many === "list") return "[]";
  if (known.many === "map") return "{}";
  if (known.type.kind === "message" || member.proto.proto3Optional) return "undefined";
  return known.type.zero === "noBytes" ? f.import("noBytes", runtime) : known.type.zero;
}

/** Prints the lists that describe the messages of unread fields. */
function printPlain(f: GeneratedFile, message: DescMessage, unread: Unread): void {
  for (const field of byNumber(message)) {
    const left = unreadMessage(unread, field);
    if (left === undefined) continue;
    f.print("const ", plainName(field), ": ", f.import("PlainFields", runtime, true), " = ", plainFields(left), ";");
    f.print();
  }
}

function printCase(f: GeneratedFile, here: DescFile, field: DescField, unread: Unread): void {
  const known = typeOf(field);
  f.print("        case ", tagOf(field, known), ": {");
  if (known.many === "map") {
    f.print("          r.stringMapEntry(", local(field), ");");
  } else if (known.type.kind === "message") {
    const { message } = known.type;
    const before =
      known.many === "list"
        ? ""
        : field.oneof === undefined
          ? `, ${local(field)}`
          : `, ${sameCase(field, field.oneof)}`;
    f.print("          const end = r.enter();");
    // A condition for the next statement, which reads and stores the message.
    if (unreadMessage(unread, field) !== undefined) f.print("          if (!r.passes(", plainName(field), "))");
    printStore(f, field, known, [reference(f, here, message, readName(message)), "(r", before, ")"]);
    f.print("          r.leave(end);");
  } else {
    printStore(f, field, known, ["r.", known.type.method, "()"]);
  }
  f.print("          break;");
  f.print("        }");
}

/** Prints the statement that stores a value: the last value of a field counts. */
function printStore(f: GeneratedFile, field: DescField, known: FieldType, value: Printable): void {
  if (known.many === "list") f.print("          ", local(field), ".push(", value, ");");
  else if (field.oneof === undefined) f.print("          ", local(field), " = ", value, ";");
  else f.print("          ", local(field.oneof), " = { case: ", f.string(field.localName), ", value: ", value, " };");
}

/** Returns an expression for the message that a oneof already holds, if it belongs to this field. */
function sameCase(field: DescField, oneof: DescOneof): string {
  return `${local(oneof)}.case === ${JSON.stringify(field.localName)} ? ${local(oneof)}.value : undefined`;
}

function tagOf(field: DescField, known: FieldType): number {
  const wireType = known.many === "map" || known.type.kind === "message" ? 2 : known.type.wireType;
  return ((field.number << 3) | wireType) >>> 0;
}

function local(member: DescField | DescOneof): string {
  return `$${member.localName}`;
}
