import type { CutOffContext } from "@kloset/wire/grpc";

/** The part of an RPC's context that the adapters need; Connect's lacks the optional fields. */
export interface RpcContext extends CutOffContext {
  /** Aborted when the call has ended, even successfully. */
  readonly signal: AbortSignal;
}

/**
 * Returns the signal to wait with. It is aborted when the call is cut off and, on servers without `cutOff`, also when
 * the call has succeeded.
 */
export function rpcSignal(context: RpcContext): AbortSignal {
  // Both getters are lazy: read only the one that is used.
  return context.cutOff ?? context.signal;
}
