import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

/** Reads and writes one type of message. */
export interface MessageCodec {
  /**
   * Reads a message.
   *
   * @param isBorrowed - Whether the memory is used again for something else.
   * @throws ConnectError INVALID_ARGUMENT that names the message.
   */
  decode(bytes: Uint8Array, start: number, end: number, isBorrowed: boolean): unknown;
  /** Writes a message, to memory of its own. */
  encode(message: unknown): Uint8Array;
}

/** The codec of protobuf-es, which goes by the descriptor. */
export function codecOf(type: DescMessage, explain: (type: DescMessage, bytes: Uint8Array) => string | undefined): MessageCodec {
  return {
    decode(bytes, start, end, isBorrowed) {
      // What protobuf-es decodes shares the memory of its input.
      const own = isBorrowed ? bytes.slice(start, end) : bytes.subarray(start, end);
      try {
        return fromBinary(type, own);
      } catch (error) {
        const text = explain(type, own) ?? (error instanceof Error ? error.message : String(error));
        throw new ConnectError(text, Code.InvalidArgument);
      }
    },
    encode: (message) => toBinary(type, create(type, message as MessageInitShape<DescMessage>)),
  };
}
