import { refuse } from "./field-refusal.js";
import { Malformed } from "./malformed.js";
import type { MessageCodec, MessageDecoder, MessageEncoder } from "./message-codec.js";
import { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

const reader = new Reader();

/** Reads the fields of a message up to the reader's end. */
export type ReadMessage<Message> = (reader: Reader) => Message;

/** Writes the fields of a message, except for the tail that it returns: the caller has to write that. */
export type WriteMessage<Init> = (writer: Writer, message: Init) => Uint8Array | undefined | void;

/**
 * Makes a decoder from the generated function that reads a message.
 *
 * @param typeName - The full name, for example "importer.InitRequest".
 */
export function messageDecoder<Message>(typeName: string, read: ReadMessage<Message>): MessageDecoder<Message> {
  return {
    typeName,
    decode(bytes, start, end, isBorrowed) {
      reader.begin(bytes, start, end, isBorrowed);
      try {
        return read(reader);
      } catch (error) {
        throw error instanceof Malformed ? error.toStatus(typeName) : error;
      } finally {
        reader.release();
      }
    },
  };
}

/**
 * Makes an encoder from the generated function that writes a message.
 *
 * @param typeName - The full name, for example "importer.InitResponse".
 */
export function messageEncoder<Init extends object>(typeName: string, write: WriteMessage<Init>): MessageEncoder<Init> {
  return {
    typeName,
    encode(message, writer) {
      if (typeof message !== "object" || (message as Init | null) === null) refuse(typeName, "an object", message);
      const { length } = writer;
      try {
        return write(writer, message) ?? undefined;
      } catch (error) {
        // Discard the part that is written, so that it is never sent.
        writer.length = length;
        throw error;
      }
    },
  };
}

/** Combines a decoder and an encoder. Servers need only one of them per message: see the service tables. */
export function messageCodec<Message, Init extends object>(
  typeName: string,
  read: ReadMessage<Message>,
  write: WriteMessage<Init>,
): MessageCodec<Message, Init> {
  return { ...messageDecoder(typeName, read), ...messageEncoder(typeName, write) };
}
