import type { CutOffContext } from "@kloset/wire/grpc";

/** What the adapters need of a call's context: Connect's, or that of a server that tells more. */
export interface CallContext extends CutOffContext {
  /** Aborted when the call has ended, in whatever way. */
  readonly signal: AbortSignal;
}

/** The signal to wait with: aborted when the call is cut off; on servers that do not tell, also when it has ended well. */
export function callSignal(context: CallContext): AbortSignal {
  // Each is made when it is asked for.
  return context.cutOff ?? context.signal;
}
