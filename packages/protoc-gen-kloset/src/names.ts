import type { DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";

/** The module that generated codecs read and write with. */
export const runtime = "@kloset/wire/codec";

/** The module that declares what a service table is. */
export const tableRuntime = "@kloset/wire/grpc";

/** Where the codecs of a proto stand. */
export function codecFile(file: DescFile): string {
  return `./${file.name}_codec.js`;
}

/** A message's name in the names of its functions: nested ones have their parent's before their own. */
function nameOf(message: DescMessage): string {
  return message.parent === undefined ? message.name : `${nameOf(message.parent)}_${message.name}`;
}

/** The name of the codec. */
export function codecName(message: DescMessage): string {
  return `${nameOf(message)}Codec`;
}

/** The name of the function that reads a message's fields. */
export function readName(message: DescMessage): string {
  return `read${nameOf(message)}`;
}

/** The name of the function that writes a message's fields. */
export function writeName(message: DescMessage): string {
  return `write${nameOf(message)}`;
}

/** The name of the list of a message's fields. */
export function fieldsName(message: DescMessage): string {
  return `fieldsOf${nameOf(message)}`;
}

/** The name of what the message of a field that nobody reads consists of. */
export function plainName(field: DescField): string {
  return `plain_${nameOf(field.parent)}_${field.name}`;
}

/** A function or codec of a message, which may stand in another file. */
export function reference(f: GeneratedFile, here: DescFile, message: DescMessage, name: string): Printable {
  return message.file === here ? name : f.import(name, codecFile(message.file));
}
