import type { Writer } from "./writer.js";

/** Reads one type of message. */
export interface MessageDecoder<Message = unknown> {
  /** The full name, for example "importer.InitRequest". */
  readonly typeName: string;
  /**
   * Reads a message from `bytes[start, end)`. Unknown fields are skipped.
   *
   * @param isBorrowed - True if the memory will be reused: the content of `bytes` fields is copied then. Otherwise it
   * shares the memory.
   * @throws StatusError INVALID_ARGUMENT that names the message, and the field if known, if the bytes are not a valid
   * message of this type.
   */
  decode(bytes: Uint8Array, start: number, end: number, isBorrowed: boolean): Message;
}

/** Writes one type of message. */
export interface MessageEncoder<Init = unknown> {
  /** The full name, for example "importer.InitResponse". */
  readonly typeName: string;
  /**
   * Writes a message.
   *
   * @returns The tail: bytes that end the message and have not been written, to save a copy (the content of a chunk,
   * for example); undefined if everything has been written. The tail is the message's own memory: copy it before the
   * message changes.
   * @throws TypeError or RangeError that names the field, for a value that the field cannot hold.
   */
  encode(message: Init, writer: Writer): Uint8Array | undefined;
}

/** Reads and writes one type of message. */
export interface MessageCodec<Message = unknown, Init = Message>
  extends MessageDecoder<Message>, MessageEncoder<Init> {}
