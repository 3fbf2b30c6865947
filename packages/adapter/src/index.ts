/**
 * What the adapters of importers, exporters and storages share: the calls of a
 * service and the life of its connector, streams and chunks, errors, checks of
 * what authors answer, the mapping of file infos, the detection of the wire
 * generation. For those packages, not for authors.
 *
 * @module
 */
export { callSignal, type CallContext } from "./call-context.js";
export { Calls, signalWhileWanted } from "./calls.js";
export { checkText, isUint } from "./checks.js";
export { chunksOf, sliceOf } from "./chunks.js";
export { Condition } from "./condition.js";
export type { Content } from "./content.js";
export { contextOf, type InitRequest } from "./context.js";
export { describe, describeContent, quoted } from "./describe.js";
export { drain } from "./drain.js";
export {
  abortError,
  canceled,
  errorText,
  invalidArgument,
  StatusError,
  unimplemented,
  type Failure,
} from "./errors.js";
export { fileInfoFromWire, fileInfoToWire, type WireFileInfo } from "./file-info.js";
export { checkGeneration, chosenGeneration, generationOfUserAgent, type Generation } from "./generation.js";
export { flagsOf, identityOf, textOf, withFlag, type Identity } from "./identity.js";
export {
  callWithOwnSignal,
  eachUntilAbort,
  iterateUntilAbort,
  ownSignal,
  untilAborted,
  withOwnSignal,
} from "./iterate.js";
export { MAX_MESSAGE_BYTES } from "./limits.js";
export { noticeOnce } from "./notice.js";
export { openConnector } from "./open-connector.js";
export { eachRequest, inboxOf } from "./requests.js";
export { Session, type Opened } from "./session.js";
export { discard, isIterable } from "./sources.js";
export { BufferedUpload } from "./buffered-upload.js";
export { NO_SIGNAL, takesArgument } from "./takes-argument.js";
export { consume, Upload } from "./upload.js";
export { xattrKindFromWire, xattrTypeToWire } from "./xattr-type.js";
