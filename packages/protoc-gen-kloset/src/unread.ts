import type { Options } from "./options.js";
import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { isDelegated, typeOf } from "./field-type.js";
import { byNumber, isRecursive } from "./messages.js";

/** Returns true if the requests of a method are decoded without the unread fields. */
export function isUnreadIn({ methods }: Options, method: DescMethod): boolean {
  return methods.has(`${method.parent.typeName}.${method.name}`);
}

/**
 * Returns the message type of an unread field; undefined for any other field.
 *
 * @throws Error if the field is not a single message.
 */
export function unreadMessage({ fields }: Options, field: DescField): DescMessage | undefined {
  const name = `${field.parent.typeName}.${field.name}`;
  if (!fields.has(name)) return undefined;
  if (field.fieldKind !== "message" || field.oneof !== undefined)
    throw new Error(`${name} is not a single message: the generator cannot leave it out`);
  return field.message;
}

/** The highest number of a field whose tag takes one byte. The reader scans no others. */
const MAX_SHORT_NUMBER = 15;

/** Returns an expression for the content of a message's fields, indexed by number: see `PlainFields` of the runtime. */
export function plainFields(message: DescMessage): string {
  const fields: string[] = [];
  for (const field of byNumber(message)) {
    if (field.number > MAX_SHORT_NUMBER) break;
    while (fields.length < field.number) fields.push("undefined");
    fields.push(plainField(field));
  }
  return `[${fields.join(", ")}]`;
}

function plainField(field: DescField): string {
  const known = typeOf(field);
  // With undefined, the field has to be decoded.
  if (known.many === "map" || (known.many === "list" && known.isPacked)) return "undefined";
  if (known.type.kind === "message") {
    const { message } = known.type;
    return isRecursive(message) || isDelegated(message) ? "undefined" : plainFields(message);
  }
  if (known.type.wireType === 0) return '"varint"';
  return known.type.method === "string" ? '"text"' : "undefined";
}
