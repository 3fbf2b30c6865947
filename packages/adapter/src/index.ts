/**
 * What the adapters of importers, exporters and storages share: chunks, errors,
 * the life of a connector, the mapping of file infos, the detection of the wire
 * generation. For those packages, not for authors.
 *
 * @module
 */
export { chunksOf, describe, sliceOf } from "./chunks.js";
export { contextOf, type InitOptions, type InitRequest } from "./context.js";
export {
  abortError,
  errorText,
  failedPrecondition,
  invalidArgument,
  StatusError,
  toConnectError,
  unimplemented,
} from "./errors.js";
export { fileInfoFromWire, fileInfoToWire, type ReceivedFileInfo, type WireFileInfo, type WireTime } from "./file-info.js";
export { chosenGeneration, generationOfUserAgent, type Generation } from "./generation.js";
export { iterateUntilAbort, untilAborted, withOwnSignal } from "./iterate.js";
export { MAX_CHUNK_BYTES, MAX_ERROR_TEXT, MAX_MESSAGE_BYTES } from "./limits.js";
export { noticeOnce } from "./notice.js";
export { Session, type Opened, type SessionOptions } from "./session.js";
export { discard, isIterable } from "./sources.js";
export { consume, Upload } from "./upload.js";
