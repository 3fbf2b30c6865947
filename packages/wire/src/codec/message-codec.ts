import type { Writer } from "./writer.js";

/** Reads one type of message. */
export interface MessageDecoder<Message = unknown> {
  /** As "importer.InitRequest". */
  readonly typeName: string;
  /**
   * Reads a message from `bytes[start, end)`. Fields that are not known are skipped.
   *
   * @param isBorrowed - Whether the memory is used again for something else: then content (`bytes` fields) is
   * copied to memory of its own. Otherwise it shares the memory.
   * @throws StatusError INVALID_ARGUMENT that names the message, and the field where there is one, when this is
   * no such message.
   */
  decode(bytes: Uint8Array, start: number, end: number, isBorrowed: boolean): Message;
}

/** Writes one type of message. */
export interface MessageEncoder<Init = unknown> {
  /** As "importer.InitResponse". */
  readonly typeName: string;
  /**
   * Writes a message.
   *
   * @returns The bytes of the message that come after all that was written, and that were not copied (the content
   * of a chunk, say); undefined when everything was written. They are the message's own: whoever holds them must
   * copy them before the message changes.
   * @throws TypeError, RangeError that names the field, for a value that the field can not hold.
   */
  encode(message: Init, writer: Writer): Uint8Array | undefined;
}

/** Reads and writes one type of message. */
export interface MessageCodec<Message = unknown, Init = Message>
  extends MessageDecoder<Message>, MessageEncoder<Init> {}
