import type { CallContext } from "@kloset/sdk";

/** Throws the reason if a call is aborted. Creates no signal where the SDK made the context. */
export function throwIfAborted(context: CallContext): void {
  if (context.throwIfAborted === undefined) context.signal.throwIfAborted();
  else context.throwIfAborted();
}
