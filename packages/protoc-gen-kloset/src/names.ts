import type { DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import { everyMessage } from "./messages.js";

/** The module that generated codecs import. */
export const runtime = "@kloset/wire/codec";

/** The module that declares the type of service tables. */
export const tableRuntime = "@kloset/wire/grpc";

/** Returns the path of the file with a proto's codecs. */
export function codecFile(file: DescFile): string {
  return `./${file.name}_codec.js`;
}

/** The functions, the codec and the list of a message. */
interface MessageNames {
  readonly codec: string;
  readonly read: string;
  readonly write: string;
  readonly fields: string;
}

const filesNames = new WeakMap<DescFile, Map<DescMessage, MessageNames>>();

/**
 * Returns the names of a message, which no other message of its file has. Codecs keep their names, because other code
 * imports them. Where another name is taken, as `readFooCodec` for the message `FooCodec` beside a message `readFoo`, it
 * gets a `$` at its end.
 */
function namesOf(f: GeneratedFile, message: DescMessage): MessageNames {
  let names = filesNames.get(message.file);
  if (names === undefined) {
    names = namesInFile(f, message.file);
    filesNames.set(message.file, names);
  }
  const found = names.get(message);
  if (found === undefined) throw new Error(`${message.typeName} is not in ${message.file.name}`);
  return found;
}

function namesInFile(f: GeneratedFile, file: DescFile): Map<DescMessage, MessageNames> {
  // protobuf-es's names of messages are unique in their file.
  const messages = everyMessage(file.messages).map((message) => ({ message, name: f.importShape(message).name }));
  const taken = new Set(messages.map(({ name }) => `${name}Codec`));
  const free = (name: string): string => {
    let chosen = name;
    while (taken.has(chosen)) chosen += "$";
    taken.add(chosen);
    return chosen;
  };
  return new Map(
    messages.map(({ message, name }) => [
      message,
      {
        codec: `${name}Codec`,
        read: free(`read${name}`),
        write: free(`write${name}`),
        fields: free(`fieldsOf${name}`),
      },
    ]),
  );
}

/** Returns the name of a message's codec. */
export function codecName(f: GeneratedFile, message: DescMessage): string {
  return namesOf(f, message).codec;
}

/** Returns the name of the function that reads a message's fields. */
export function readName(f: GeneratedFile, message: DescMessage): string {
  return namesOf(f, message).read;
}

/** Returns the name of the function that writes a message's fields. */
export function writeName(f: GeneratedFile, message: DescMessage): string {
  return namesOf(f, message).write;
}

/** Returns the name of the list of a message's fields. */
export function fieldsName(f: GeneratedFile, message: DescMessage): Printable {
  return ownName(f, message, namesOf(f, message).fields);
}

/** Returns the name of the list that describes the message of a field without a reader. */
export function plainName(f: GeneratedFile, field: DescField): Printable {
  return ownName(f, field.parent, `plain_${f.importShape(field.parent).name}_${field.name}`);
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
