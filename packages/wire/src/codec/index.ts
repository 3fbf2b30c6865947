/**
 * The runtime of the generated codecs: protobuf's binary format without a protobuf library.
 *
 * @module
 */
export { messageCodec, messageDecoder, messageEncoder, type ReadMessage, type WriteMessage } from "./codec.js";
export { readDelegated, writeDelegated } from "./delegated.js";
export { deeper, deeperIn } from "./depth.js";
export { quotedBytes } from "./malformed.js";
export { bigintKey, boolKey, fieldsOfEntry, mapEntries, numberKey, setMapEntry } from "./maps.js";
export type { MessageCodec, MessageDecoder, MessageEncoder } from "./message-codec.js";
export {
  longOf,
  readDouble,
  readFixed32,
  readFixed64,
  readFloat,
  readSfixed32,
  readSfixed64,
  readSint32,
  readSint64,
  writeDouble,
  writeFixed32,
  writeFixed64,
  writeFloat,
  writeSfixed32,
  writeSfixed64,
  writeSint32,
  writeSint64,
} from "./numbers.js";
export { noBytes, type FieldNames, type PlainFields, type Reader } from "./reader.js";
export { jsonToStruct, structToJson } from "./struct.js";
export { hasUnknown, keepUnknown, withUnknown, writeUnknown } from "./unknown-fields.js";
export { Writer } from "./writer.js";
