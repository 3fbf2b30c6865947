/**
 * Shared code of the adapters of all connectors: the calls of a service
 * and the life cycle of its connector, streams and chunks, errors, checks of the values
 * that authors return, the mapping of file infos, and the detection of the wire
 * generation. Intended for these packages, not for authors.
 *
 * @module
 */
export { Calls, signalWhileWanted } from "./calls/calls.js";
export { callInContext, LazyContext } from "./calls/lazy-context.js";
export { rpcSignal, type RpcContext } from "./calls/rpc-context.js";
export { checkClean, checkText, checkTextWithoutNul, isUint } from "./values/checks.js";
export { chunksOf, sliceOf } from "./content/chunks.js";
export { Condition } from "./async/condition.js";
export type { Content } from "./content/content.js";
export { contextOf, initContextOf, type InitRequest } from "./session/context.js";
export { counted, describe, describeContent, quoted } from "./values/describe.js";
export { drain } from "./content/drain.js";
export {
  abortError,
  authorErrorText,
  canceled,
  errorText,
  failedPrecondition,
  invalidArgument,
  notFound,
  resourceExhausted,
  StatusError,
  unimplemented,
  type Failure,
} from "./calls/errors.js";
export { fileInfoFromWire, fileInfoToWire, type WireFileInfo } from "./values/file-info.js";
export { checkGeneration, chosenGeneration, generationOfUserAgent, type Generation } from "./session/generation.js";
export { flagsOf, identityOf, rootOf, textOf, withFlag, type Identity } from "./session/identity.js";
export { eachUntilAbort, iterateUntilAbort, ownSignal, untilAborted, withOwnSignal } from "./async/iterate.js";
export type { Methods, MethodTable } from "./session/methods.js";
export { noticeOnce } from "./session/notice.js";
export { openConnector } from "./session/open-connector.js";
export { eachRequest, inboxOf, takeNext, type Arrivals } from "./calls/requests.js";
export { Session, type Opened, type SessionOptions } from "./session/session.js";
export { closeQuietly, discard, isIterable, stepsOf, type Steps } from "./content/sources.js";
export { inMemory } from "./content/in-memory.js";
export { PathnameMap } from "./values/pathname-map.js";
export { consume, Upload } from "./content/upload.js";
export { xattrKindFromWire, xattrTypeToWire } from "./values/xattr-type.js";
