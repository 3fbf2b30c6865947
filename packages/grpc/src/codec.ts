import { Malformed } from "./malformed.js";
import type { MessageCodec } from "./message-codec.js";
import { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

const reader = new Reader();

/**
 * Makes a codec of what is generated for a message.
 *
 * @param typeName - As "importer.InitRequest".
 * @param read - Reads the fields up to the reader's end.
 * @param write - Writes the fields, but for the tail that it returns.
 */
export function messageCodec<Message, Init extends object>(
  typeName: string,
  read: (reader: Reader) => Message,
  write: (writer: Writer, message: Init) => Uint8Array | undefined | void,
): MessageCodec<Message, Init> {
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
    encode(message, writer) {
      if (typeof message !== "object" || (message as Init | null) === null) throw new TypeError(`a ${typeName} is an object`);
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
