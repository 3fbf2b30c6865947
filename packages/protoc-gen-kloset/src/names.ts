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

/** Returns the part of the identifiers that stands for a message. A nested message has its parent's name in front. */
function nameOf(message: DescMessage): string {
  return message.parent === undefined ? message.name : `${nameOf(message.parent)}_${message.name}`;
}

/** Returns the name of a message's codec. */
export function codecName(message: DescMessage): string {
  return `${nameOf(message)}Codec`;
}

/** Returns the name of the function that reads a message's fields. */
export function readName(message: DescMessage): string {
  return `read${nameOf(message)}`;
}

/** Returns the name of the function that writes a message's fields. */
export function writeName(message: DescMessage): string {
  return `write${nameOf(message)}`;
}

/** Returns the name of the list of a message's fields. */
export function fieldsName(message: DescMessage): string {
  return `fieldsOf${nameOf(message)}`;
}

/** Returns the name of the list that describes the message of a field without a reader. */
export function plainName(field: DescField): string {
  return `plain_${nameOf(field.parent)}_${field.name}`;
}

/** Returns a reference to a function or codec of a message, and imports it if it is in another file. */
export function reference(f: GeneratedFile, here: DescFile, message: DescMessage, name: string): Printable {
  return message.file === here ? name : f.import(name, codecFile(message.file));
}
