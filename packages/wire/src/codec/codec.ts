import { Malformed } from "./malformed.js";
import type { MessageCodec, MessageDecoder, MessageEncoder } from "./message-codec.js";
import { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

const reader = new Reader();

/** Reads the fields of a message up to the reader's end. */
export type ReadMessage<Message> = (reader: Reader) => Message;

/** Writes the fields of a message, but for the tail that it returns. */
export type WriteMessage<Init> = (writer: Writer, message: Init) => Uint8Array | undefined | void;

/**
 * Makes a decoder of what is generated for a message.
 *
 * @param typeName - As "importer.InitRequest".
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
 * Makes an encoder of what is generated for a message.
 *
 * @param typeName - As "importer.InitResponse".
 */
export function messageEncoder<Init extends object>(typeName: string, write: WriteMessage<Init>): MessageEncoder<Init> {
  return {
    typeName,
    encode(message, writer) {
      if (typeof message !== "object" || (message as Init | null) === null)
        throw new TypeError(`a ${typeName} is an object`);
      const { length } = writer;
      try {
        return write(writer, message) ?? undefined;
      } catch (error) {
        // Nothing of it is to be sent.
        writer.length = length;
        throw error;
      }
    },
  };
}

/** Makes both of what is generated for a message. Servers need one of them: tables hold no more. */
export function messageCodec<Message, Init extends object>(
  typeName: string,
  read: ReadMessage<Message>,
  write: WriteMessage<Init>,
): MessageCodec<Message, Init> {
  return { ...messageDecoder(typeName, read), ...messageEncoder(typeName, write) };
}
