/**
 * gRPC over HTTP/2: statuses, service tables, message streams, and checks of request headers.
 *
 * @module
 */
export { Code, isFailureCode } from "./code.js";
export { CutOffError, cutOff } from "./cut-off.js";
export { reportStack, stackReporter } from "./error-stack.js";
export { errorText } from "./error-text.js";
export { decidedByFirst } from "./first-request.js";
export {
  InboundMessages,
  MESSAGE_COST_BYTES,
  type AssemblyBudget,
  type InboundEvents,
  type RefusalTexts,
} from "./inbound-messages.js";
export { releaseMemory } from "./message-memory.js";
export { MAX_MESSAGE_BYTES, messageLength, PREFIX_LENGTH, prefixOf, writePrefix } from "./message-prefix.js";
export { InvalidValue, OutOfRange } from "./invalid-value.js";
export { isInbox, PushStream, type CutOffContext, type Inbox, type Push, type Send } from "./message-streams.js";
export { OutboundMessage } from "./outbound-message.js";
export { notServed, quoted } from "./refusals.js";
export { callRefusal, httpRefusal } from "./request-checks.js";
export {
  type FirstRequest,
  type Implementation,
  type Serve,
  type ServedService,
  type Server,
  type ServerOptions,
  type Services,
} from "./server.js";
export type { MethodKind, MethodTable, ServiceTable } from "./service-table.js";
export { isCodedError, StatusError, type CodedError } from "./status-error.js";
export { grpcMessage, MAX_STATUS_TEXT_LENGTH, statusError, statusText } from "./status-text.js";
export { isFarDeadline, timeoutMsOf } from "./timeout.js";
