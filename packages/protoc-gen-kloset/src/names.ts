import type { DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";

/** The module that generated codecs import. */
export const runtime = "@kloset/wire/codec";

/** The module that declares the type of service tables. */
export const tableRuntime = "@kloset/wire/grpc";

/** Returns the path of the file with a proto's codecs. */
export function codecFile(file: DescFile): string {
  return `./${file.name}_codec.js`;
}

/** Returns the part of the identifiers that stands for a message: protobuf-es's name for it, which is unique in its file. */
function nameOf(f: GeneratedFile, message: DescMessage): string {
  return f.importShape(message).name;
}

/** Returns the name of a message's codec. */
export function codecName(f: GeneratedFile, message: DescMessage): string {
  return `${nameOf(f, message)}Codec`;
}

/** Returns the name of the function that reads a message's fields. */
export function readName(f: GeneratedFile, message: DescMessage): string {
  return `read${nameOf(f, message)}`;
}

/** Returns the name of the function that writes a message's fields. */
export function writeName(f: GeneratedFile, message: DescMessage): string {
  return `write${nameOf(f, message)}`;
}

/** Returns the name of the list of a message's fields. */
export function fieldsName(f: GeneratedFile, message: DescMessage): Printable {
  return ownName(f, message, `fieldsOf${nameOf(f, message)}`);
}

/** Returns the name of the list that describes the message of a field without a reader. */
export function plainName(f: GeneratedFile, field: DescField): Printable {
  return ownName(f, field.parent, `plain_${nameOf(f, field.parent)}_${field.name}`);
}

/** Returns a name in the file of the message's codec. The plugin framework then renames imports that have the same name. */
function ownName(f: GeneratedFile, message: DescMessage, name: string): Printable {
  return f.import(name, codecFile(message.file));
}

/** Returns a reference to a function or codec of a message, and imports it if it is in another file. */
export function reference(f: GeneratedFile, here: DescFile, message: DescMessage, name: string): Printable {
  return message.file === here ? name : f.import(name, codecFile(message.file));
}

/** Names that every object inherits. protobuf-es escapes the others of `Object.prototype`. */
const INHERITED = new Set(["hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString"]);

/**
 * Returns an expression for a property of a message that has all its properties, because the codec has read it. The name
 * of a proto field such as `_1` becomes a number.
 */
export function ownProperty(object: string, name: string): string {
  return /^\d/.test(name) ? `${object}[${JSON.stringify(name)}]` : `${object}.${name}`;
}

/** Returns an expression for a property of a message. An inherited one counts as absent. */
export function property(object: string, name: string): string {
  const value = ownProperty(object, name);
  return INHERITED.has(name) ? `(Object.hasOwn(${object}, ${JSON.stringify(name)}) ? ${value} : undefined)` : value;
}

/** Returns the name of a property in an object literal. */
export function key(name: string): string {
  return /^\d/.test(name) ? JSON.stringify(name) : name;
}

/** Returns the name of the variable that holds a field. With the prefix, no name is a reserved word. */
export function local(name: string): string {
  return `$${name}`;
}

/** Returns the tag of a field: its number and a wire type. */
export function tagOf(number: number, wireType: number): number {
  return ((number << 3) | wireType) >>> 0;
}

/** Returns the name of a field in error texts. */
export function refusalName(f: GeneratedFile, field: DescField): Printable {
  return f.string(`${field.parent.typeName}.${field.name}`);
}
