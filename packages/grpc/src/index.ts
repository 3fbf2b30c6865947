/**
 * What generated codecs, adapters and servers share of gRPC. Knows nothing of
 * backups, of HTTP/2 or of a protobuf library.
 *
 * @module
 */
export { newAbortController } from "./abort-controller.js";
export { Code, isFailureCode } from "./code.js";
export { messageCodec, messageDecoder, messageEncoder, type ReadMessage, type WriteMessage } from "./codec.js";
export { checkDeadline, startDeadline } from "./deadline.js";
export type { MessageCodec, MessageDecoder, MessageEncoder } from "./message-codec.js";
export { noBytes, type FieldNames, type PlainFields, type Reader } from "./reader.js";
export type { MethodKind, MethodTable, ServiceTable } from "./service-table.js";
export { isCodedError, StatusError, type CodedError } from "./status-error.js";
export { isInbox, PushStream, type CutOffContext, type Inbox, type Push, type Send } from "./streams.js";
export { Writer } from "./writer.js";
