/**
 * The runtime of the generated codecs: protobuf's binary format without a protobuf library.
 *
 * @module
 */
export { messageCodec, messageDecoder, messageEncoder, type ReadMessage, type WriteMessage } from "./codec.js";
export { quotedBytes } from "./malformed.js";
export type { MessageCodec, MessageDecoder, MessageEncoder } from "./message-codec.js";
export { noBytes, type FieldNames, type PlainFields, type Reader } from "./reader.js";
export { Writer } from "./writer.js";
