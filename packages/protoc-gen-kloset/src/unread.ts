import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { typeOf } from "./field-type.js";
import { byNumber } from "./messages.js";

/**
 * What nobody reads: the requests of some methods come without some fields, which are
 * passed over where they are well-formed. That what is malformed is refused stays as it is.
 */
export interface Unread {
  /** Full names of methods, as "importer.Importer.Import". */
  readonly methods: ReadonlySet<string>;
  /** Full names of fields that are one message, as "plakar.connectors.Record.fileInfo". */
  readonly fields: ReadonlySet<string>;
}

/**
 * Reads the plugin's own parameters: `unread_in=METHOD` and `unread_field=FIELD`, each as often as needed.
 *
 * @throws Error for a parameter that is not known.
 */
export function parseUnread(parameters: readonly { readonly key: string; readonly value: string }[]): Unread {
  const methods = new Set<string>();
  const fields = new Set<string>();
  for (const { key, value } of parameters) {
    if (key === "unread_in") methods.add(value);
    else if (key === "unread_field") fields.add(value);
    else throw new Error(`unknown parameter ${JSON.stringify(key)}`);
  }
  return { methods, fields };
}

/** Whether the requests of a method come without what nobody reads. */
export function isUnreadIn({ methods }: Unread, method: DescMethod): boolean {
  return methods.has(`${method.parent.typeName}.${method.name}`);
}

/**
 * The message of a field that nobody reads.
 *
 * @returns undefined for every other field.
 * @throws Error for a field that is not one message.
 */
export function unreadMessage({ fields }: Unread, field: DescField): DescMessage | undefined {
  const name = `${field.parent.typeName}.${field.name}`;
  if (!fields.has(name)) return undefined;
  if (field.fieldKind !== "message" || field.oneof !== undefined)
    throw new Error(`${name} is not a single message: the generator can not leave it out`);
  return field.message;
}

/** What the fields of a message hold, by their numbers, as an expression: see `PlainFields` of the runtime. */
export function plainFields(message: DescMessage): string {
  const fields: string[] = [];
  for (const field of byNumber(message)) {
    while (fields.length < field.number) fields.push("undefined");
    fields.push(plainField(field));
  }
  return `[${fields.join(", ")}]`;
}

function plainField(field: DescField): string {
  const known = typeOf(field);
  // What is not named is found out by reading.
  if (known.many === "map") return "undefined";
  if (known.type.kind === "message") return plainFields(known.type.message);
  if (known.type.wireType === 0) return '"varint"';
  return known.type.method === "string" ? '"text"' : "undefined";
}
