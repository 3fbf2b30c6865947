import type { DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import { typeOf, type MessageType, type SingleType } from "./field-type.js";
import { byNumber } from "./messages.js";
import { reference, runtime, writeName } from "./names.js";

/**
 * Returns true if the function that writes a message can return the end of the message instead of writing it. That
 * takes a `bytes` field that is not repeated.
 */
function hasTail(message: DescMessage): boolean {
  return lastContent(message) !== undefined;
}

/** Returns the last `bytes` field that is not repeated. Its content is the tail if no later field is set. */
function lastContent(message: DescMessage): DescField | undefined {
  return byNumber(message).findLast((field) => isContent(field));
}

function isContent(field: DescField): boolean {
  const known = typeOf(field);
  return known.many === "one" && known.type.kind === "value" && known.type.method === "bytes";
}

/** Returns the input type of an encoder: `MessageInitShape`. */
export function initType(f: GeneratedFile, message: DescMessage): Printable {
  return [f.import("MessageInitShape", "@bufbuild/protobuf", true), "<typeof ", f.importSchema(message, true), ">"];
}

/** Prints the function that writes a message's fields. */
export function printWrite(f: GeneratedFile, here: DescFile, message: DescMessage): void {
  const tail = hasTail(message);
  const fields = byNumber(message);
  const parameters = fields.length === 0 ? ["_w: ", "_m: "] : ["w: ", "m: "];
  f.print(
    f.jsDoc(
      `Writes the fields of ${message.typeName}.${tail ? " The caller has to write the bytes that it returns." : ""}`,
    ),
  );
  f.print(
    f.export("function", writeName(message)),
    "(",
    parameters[0] ?? "",
    f.import("Writer", runtime, true),
    ", ",
    parameters[1] ?? "",
    initType(f, message),
    "): ",
    tail ? "Uint8Array | undefined" : "void",
    " {",
  );
  for (const oneof of message.oneofs) f.print("  const ", local(oneof.localName), " = m.", oneof.localName, ";");
  for (const field of fields)
    printField(
      f,
      here,
      field,
      tail && field === lastContent(message) ? fields.slice(fields.indexOf(field) + 1) : undefined,
    );
  if (tail) f.print("  return undefined;");
  f.print("}");
  f.print();
}

/** @param later - The later fields, if the content of this one can be the tail. */
function printField(f: GeneratedFile, here: DescFile, field: DescField, later: readonly DescField[] | undefined): void {
  const known = typeOf(field);
  const value = local(field.oneof === undefined ? field.localName : `${field.oneof.localName}_${field.localName}`);
  if (field.oneof === undefined) f.print("  const ", value, " = m.", field.localName, ";");
  f.print("  if (", isSet(field, field.oneof === undefined ? value : undefined), ") {");
  if (field.oneof !== undefined) f.print("    const ", value, " = ", local(field.oneof.localName), ".value;");
  if (known.many === "map") {
    f.print("    w.stringMap(", tagOf(field, 2), ", ", value, ", ", refusalName(f, field), ");");
  } else if (known.many === "list") {
    f.print("    w.list(", value, ", ", refusalName(f, field), ");");
    f.print("    for (let i = 0; i < ", value, ".length; i++) {");
    printSingle(f, here, field, known.type, `${value}[i]!`, "      ");
    f.print("    }");
  } else if (later === undefined) {
    printSingle(f, here, field, known.type, value, "    ");
  } else {
    printTail(f, field, value, later);
  }
  f.print("  }");
}

function printSingle(
  f: GeneratedFile,
  here: DescFile,
  field: DescField,
  type: SingleType,
  value: string,
  indent: string,
): void {
  if (type.kind === "message") printMessage(f, here, field, type, value, indent);
  else
    f.print(
      indent,
      "w.",
      type.method,
      "(",
      tagOf(field, type.wireType),
      ", ",
      value,
      ", ",
      refusalName(f, field),
      ");",
    );
}

function printMessage(
  f: GeneratedFile,
  here: DescFile,
  field: DescField,
  { message }: MessageType,
  value: string,
  indent: string,
): void {
  const write = reference(f, here, message, writeName(message));
  f.print(indent, "const start = w.openMessage(", tagOf(field, 2), ", ", value, ", ", refusalName(f, field), ");");
  if (hasTail(message)) {
    f.print(indent, "w.closeMessage(start, ", write, "(w, ", value, "));");
  } else {
    f.print(indent, write, "(w, ", value, ");");
    f.print(indent, "w.closeMessage(start);");
  }
}

function printTail(f: GeneratedFile, field: DescField, value: string, later: readonly DescField[]): void {
  const args: Printable[] = [tagOf(field, 2), ", ", value, ", ", refusalName(f, field)];
  // No other field of the same oneof can be set.
  const others = later.filter(({ oneof }) => oneof === undefined || oneof !== field.oneof);
  if (others.length === 0) {
    f.print("    return w.lastBytes(", ...args, ");");
    return;
  }
  const anySet = others.map((other) => isSet(other, `m.${other.localName}`)).join(" || ");
  f.print("    if (", anySet, ") w.bytes(", ...args, ");");
  f.print("    else return w.lastBytes(", ...args, ");");
}

/** Returns the condition for writing a field. */
function isSet(field: DescField, value: string | undefined): string {
  if (field.oneof !== undefined) return `${local(field.oneof.localName)}?.case === ${JSON.stringify(field.localName)}`;
  const expression = value ?? `m.${field.localName}`;
  const known = typeOf(field);
  const isThere = `${expression} != null`;
  if (known.many !== "one" || known.type.kind === "message" || field.proto.proto3Optional) return isThere;
  // A value of another type must reach the writer, which refuses it.
  if (known.type.method === "bytes") return `${isThere} && ${expression}.length !== 0`;
  return `${isThere} && ${expression} !== ${known.type.zero}`;
}

function tagOf(field: DescField, wireType: number): string {
  return String(((field.number << 3) | wireType) >>> 0);
}

/** Returns the name of a field in error texts. */
function refusalName(f: GeneratedFile, field: DescField): Printable {
  return f.string(`${field.parent.typeName}.${field.name}`);
}

/** Returns the name of a variable. With the prefix, no field name is a reserved word. */
function local(name: string): string {
  return `$${name}`;
}
