import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { typeOf } from "./field-type.js";
import { byNumber } from "./messages.js";

/**
 * The fields without a reader: the requests of some methods are decoded without some fields, which are skipped if they
 * are well-formed. Malformed ones are still refused.
 */
export interface Unread {
  /** Full names of methods, for example "importer.Importer.Import". */
  readonly methods: ReadonlySet<string>;
  /** Full names of fields with a single message, for example "plakar.connectors.Record.fileInfo". */
  readonly fields: ReadonlySet<string>;
}

/**
 * Parses the plugin's own parameters: `unread_in=METHOD` and `unread_field=FIELD`. Both may be repeated.
 *
 * @throws Error for an unknown parameter.
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

/** Returns true if the requests of a method are decoded without the unread fields. */
export function isUnreadIn({ methods }: Unread, method: DescMethod): boolean {
  return methods.has(`${method.parent.typeName}.${method.name}`);
}

/**
 * Returns the message type of an unread field; undefined for any other field.
 *
 * @throws Error if the field is not a single message.
 */
export function unreadMessage({ fields }: Unread, field: DescField): DescMessage | undefined {
  const name = `${field.parent.typeName}.${field.name}`;
  if (!fields.has(name)) return undefined;
  if (field.fieldKind !== "message" || field.oneof !== undefined)
    throw new Error(`${name} is not a single message: the generator cannot leave it out`);
  return field.message;
}

/** Returns an expression for the content of a message's fields, indexed by number: see `PlainFields` of the runtime. */
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
  // With undefined, the field has to be decoded.
  if (known.many === "map") return "undefined";
  if (known.type.kind === "message") return plainFields(known.type.message);
  if (known.type.wireType === 0) return '"varint"';
  return known.type.method === "string" ? '"text"' : "undefined";
}
