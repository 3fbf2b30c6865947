/**
 * Messages that protobuf-es reads and writes for the generated code: those of other syntaxes than proto3.
 *
 * @module
 */
import { Malformed } from "./malformed.js";
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/** Reads the rest of the current message, from a copy. An error of the library becomes {@link Malformed}. */
export function readDelegated<Message>(r: Reader, parse: (bytes: Uint8Array) => Message): Message {
  const length = r.end - r.position;
  const at = r.take(length);
  const bytes = new Uint8Array(r.buffer.subarray(at, at + length));
  try {
    return parse(bytes);
  } catch (error) {
    throw new Malformed(error instanceof Error ? error.message : String(error));
  }
}

/** Writes the fields of a message that the library has encoded. */
export function writeDelegated(w: Writer, bytes: Uint8Array): void {
  const at = w.begin(0, bytes.length);
  w.buffer.set(bytes, at);
  w.length = at + bytes.length;
}
