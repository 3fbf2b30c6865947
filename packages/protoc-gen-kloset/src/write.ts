import type { DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import {
  hasNegativeZero,
  isDelegated,
  isStringMap,
  typeOf,
  type ListType,
  type MapType,
  type MessageType,
  type SingleType,
  type ValueType,
} from "./field-type.js";
import type { Options } from "./options.js";
import { byNumber, isRecursive } from "./messages.js";
import { local, property, reference, refusalName, runtime, tagOf, writeName } from "./names.js";

/**
 * Returns true if the function that writes a message can return the end of the message instead of writing it. That
 * takes a `bytes` field that is not repeated.
 */
function hasTail(message: DescMessage): boolean {
  return !isDelegated(message) && lastContent(message) !== undefined;
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
export function printWrite(f: GeneratedFile, here: DescFile, message: DescMessage, { keepsUnknown }: Options): void {
  const tail = hasTail(message);
  const fields = byNumber(message);
  const parameters = fields.length === 0 && !keepsUnknown ? ["_w: ", "_m: "] : ["w: ", "m: "];
  f.print(
    f.jsDoc(
      `Writes the fields of ${message.typeName}.${tail ? " The caller has to write the bytes that it returns." : ""}`,
    ),
  );
  f.print(
    f.export("function", writeName(f, message)),
    "(",
    parameters[0] ?? "",
    f.import("Writer", runtime, true),
    ", ",
    parameters[1] ?? "",
    initType(f, message),
    isRecursive(message) ? ", depth = 0): " : "): ",
    tail ? "Uint8Array | undefined" : "void",
    " {",
  );
  for (const oneof of message.oneofs)
    f.print("  const ", local(oneof.localName), " = ", property("m", oneof.localName), ";");
  for (const field of fields) {
    const later = fields.slice(fields.indexOf(field) + 1);
    const canBeTail = tail && field === lastContent(message);
    printField(f, here, field, canBeTail ? followed(f, field, later, keepsUnknown) : undefined);
  }
  if (keepsUnknown) f.print("  ", f.import("writeUnknown", runtime), "(w, m, ", f.string(message.typeName), ");");
  if (tail) f.print("  return undefined;");
  f.print("}");
  f.print();
}

/** Returns the conditions under which something follows a field. */
function followed(
  f: GeneratedFile,
  field: DescField,
  later: readonly DescField[],
  keepsUnknown: boolean,
): readonly Printable[] {
  // No other field of the same oneof can be set.
  const others = later.filter(({ oneof }) => oneof === undefined || oneof !== field.oneof);
  const conditions: Printable[] = others.map((other) => isSet(other, property("m", other.localName)));
  return keepsUnknown ? [...conditions, [f.import("hasUnknown", runtime), "(m)"]] : conditions;
}

/** @param later - The conditions under which something follows the field, if its content can be the tail. */
function printField(f: GeneratedFile, here: DescFile, field: DescField, later: readonly Printable[] | undefined): void {
  const known = typeOf(field);
  const value = local(field.oneof === undefined ? field.localName : `${field.oneof.localName}_${field.localName}`);
  if (field.oneof === undefined) f.print("  const ", value, " = ", property("m", field.localName), ";");
  f.print("  if (", isSet(field, field.oneof === undefined ? value : undefined), ") {");
  if (field.oneof !== undefined) f.print("    const ", value, " = ", local(field.oneof.localName), ".value;");
  if (known.many === "map") printMap(f, here, field, known, value);
  else if (known.many === "list") printList(f, here, field, known, value);
  else if (later === undefined) printSingle(f, here, field, known.type, value, "    ");
  else printTail(f, field, value, later);
  f.print("  }");
}

function printList(
  f: GeneratedFile,
  here: DescFile,
  field: DescField,
  { type, isPacked }: ListType,
  value: string,
): void {
  f.print("    w.list(", value, ", ", refusalName(f, field), ");");
  if (isPacked) {
    f.print("    if (", value, ".length !== 0) {");
    f.print(
      "      const start = w.openMessage(",
      tagOf(field.number, 2),
      ", ",
      value,
      ", ",
      refusalName(f, field),
      ");",
    );
  }
  const indent = isPacked ? "      " : "    ";
  f.print(indent, "for (let i = 0; i < ", value, ".length; i++) {");
  const element = `${value}[i]!`;
  if (isPacked && type.kind === "value") f.print(indent, "  ", writeValue(f, type, 0, element, refusalName(f, field)));
  else printSingle(f, here, field, type, element, `${indent}  `);
  f.print(indent, "}");
  if (isPacked) {
    f.print("      w.closeMessage(start);");
    f.print("    }");
  }
}

function printMap(f: GeneratedFile, here: DescFile, field: DescField, known: MapType, value: string): void {
  const { key, type } = known;
  const name = refusalName(f, field);
  const tag = tagOf(field.number, 2);
  if (isStringMap(known)) {
    f.print("    w.stringMap(", tag, ", ", value, ", ", name, ");");
    return;
  }
  f.print("    for (const [key, value] of ", f.import("mapEntries", runtime), "(", value, ", ", name, ")) {");
  f.print("      const entry = w.openMessage(", tag, ", ", value, ", ", name, ");");
  const convert = keyConversion(key);
  const keyValue: Printable = convert === undefined ? "key" : [f.import(convert, runtime), "(key, ", name, ")"];
  f.print("      ", writeValue(f, key, tagOf(1, key.wireType), keyValue, name));
  printSingle(f, here, field, type, "value", "      ", 2);
  f.print("      w.closeMessage(entry);");
  f.print("    }");
}

/** Returns the function that converts a map's key, which is a string, to the type on the wire. */
function keyConversion({ zero }: ValueType): string | undefined {
  if (zero === "0") return "numberKey";
  if (zero === "0n") return "bigintKey";
  return zero === "false" ? "boolKey" : undefined;
}

/** Returns the statement that writes a value. */
function writeValue(
  f: GeneratedFile,
  { method, suffix, isText }: ValueType,
  tag: number,
  value: Printable,
  name: Printable,
): Printable {
  const written = isText === true ? [f.import("longOf", runtime), "(", value, ", ", name, ")"] : value;
  if (method === undefined)
    return [f.import(`write${suffix ?? ""}`, runtime), "(w, ", tag, ", ", written, ", ", name, ");"];
  return ["w.", method, "(", tag, ", ", written, ", ", name, ");"];
}

/** @param number - The number of the field, or of a field in a map's entry. */
function printSingle(
  f: GeneratedFile,
  here: DescFile,
  field: DescField,
  type: SingleType,
  value: string,
  indent: string,
  number = field.number,
): void {
  if (type.kind === "message") printMessage(f, here, field, type, value, indent, number);
  else f.print(indent, writeValue(f, type, tagOf(number, type.wireType), value, refusalName(f, field)));
}

function printMessage(
  f: GeneratedFile,
  here: DescFile,
  field: DescField,
  type: MessageType,
  value: string,
  indent: string,
  number: number,
): void {
  const { message } = type;
  const name = refusalName(f, field);
  const args: Printable[] = ["(w, ", messageOf(f, type, value, name)];
  if (isRecursive(message) && isRecursive(field.parent))
    args.push(", ", f.import("deeperIn", runtime), "(", name, ", depth)");
  const write = [reference(f, here, message, writeName(f, message)), ...args, ")"];
  // The value of a wrapper has a check of its own.
  const checked = type.form === "wrapper" ? "m" : value;
  f.print(indent, "const start = w.openMessage(", tagOf(number, 2), ", ", checked, ", ", name, ");");
  if (hasTail(message)) {
    f.print(indent, "w.closeMessage(start, ", write, ");");
  } else {
    f.print(indent, write, ";");
    f.print(indent, "w.closeMessage(start);");
  }
}

/** Returns the message of a value in the representation of the field. */
function messageOf(f: GeneratedFile, { form }: MessageType, value: string, name: Printable): Printable {
  if (form === "message") return value;
  return form === "wrapper" ? `{ value: ${value} }` : [f.import("jsonToStruct", runtime), "(", value, ", ", name, ")"];
}

function printTail(f: GeneratedFile, field: DescField, value: string, later: readonly Printable[]): void {
  const args: Printable[] = [tagOf(field.number, 2), ", ", value, ", ", refusalName(f, field)];
  if (later.length === 0) {
    f.print("    return w.lastBytes(", ...args, ");");
    return;
  }
  const anySet = later.map((condition, i) => (i === 0 ? condition : [" || ", condition]));
  f.print("    if (", ...anySet, ") w.bytes(", ...args, ");");
  f.print("    else return w.lastBytes(", ...args, ");");
}

/** Returns the condition for writing a field. */
function isSet(field: DescField, value: string | undefined): string {
  if (field.oneof !== undefined) return `${local(field.oneof.localName)}?.case === ${JSON.stringify(field.localName)}`;
  const expression = value ?? property("m", field.localName);
  const known = typeOf(field);
  const isThere = `${expression} != null`;
  if (known.many !== "one" || known.type.kind === "message" || field.proto.proto3Optional) return isThere;
  // A value of another type must reach the writer, which refuses it.
  if (known.type.method === "bytes") return `${isThere} && ${expression}.length !== 0`;
  if (hasNegativeZero(known.type)) return `${isThere} && !Object.is(${expression}, 0)`;
  return `${isThere} && ${expression} !== ${known.type.zero}`;
}
