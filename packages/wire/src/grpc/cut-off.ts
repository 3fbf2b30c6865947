/**
 * Why a call is over before its end, as its signal's reason. Named as the web
 * platform names it, so that code which asks for `AbortError` finds it.
 */
export class CutOffError extends Error {
  override readonly name = "AbortError";
  /** As Node's own abort errors have it. */
  readonly code = "ABORT_ERR";
}

/**
 * Calls end in thousands, each with its reason, and where that was made tells
 * nothing: no stack is taken, which is most of what an error costs.
 */
export function cutOff(message: string): CutOffError {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return new CutOffError(message);
  } finally {
    Error.stackTraceLimit = limit;
  }
}
