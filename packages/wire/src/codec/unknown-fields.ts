/**
 * Unknown fields that are kept, as protobuf-es keeps them: for messages that are passed on.
 *
 * @module
 */
import type { FieldNames, Reader } from "./reader.js";
import type { Writer } from "./writer.js";

interface UnknownField {
  readonly no: number;
  readonly wireType: number;
  readonly data: Uint8Array;
}

/** A message with unknown fields. */
interface WithUnknown {
  $unknown?: UnknownField[] | undefined;
}

/** Reads an unknown field, and appends it to the kept ones. Throws if the field is known: its wire type is wrong then. */
export function keepUnknown(
  r: Reader,
  tag: number,
  names: FieldNames,
  kept: UnknownField[] | undefined,
): UnknownField[] {
  const start = r.position;
  r.unknown(tag, names);
  const data = new Uint8Array(r.buffer.subarray(start, r.position));
  return [...(kept ?? []), { no: tag >>> 3, wireType: tag & 7, data }];
}

/** Attaches the kept fields to a message, if there are any. */
export function withUnknown<Message extends WithUnknown>(message: Message, kept: UnknownField[] | undefined): Message {
  if (kept !== undefined) message.$unknown = kept;
  return message;
}

/** Returns true if a message has unknown fields to write. */
export function hasUnknown(message: object): boolean {
  return ((message as WithUnknown).$unknown?.length ?? 0) > 0;
}

/** Writes the unknown fields of a message. */
export function writeUnknown(w: Writer, message: object, typeName: string): void {
  for (const { no, wireType, data } of (message as WithUnknown).$unknown ?? []) {
    w.uint32(0, ((no << 3) | wireType) >>> 0, typeName);
    const at = w.begin(0, data.length);
    w.buffer.set(data, at);
    w.length = at + data.length;
  }
}
