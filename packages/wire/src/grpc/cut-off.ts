/**
 * The abort reason of a call that was cut off. It has the name that the web platform uses, so that code which checks
 * for `AbortError` recognizes it.
 */
export class CutOffError extends Error {
  override readonly name = "AbortError";
  /** The code of Node's own abort errors. */
  readonly code = "ABORT_ERR";
}

/**
 * Creates a {@link CutOffError} without a stack trace: capturing one is most of the cost of an error, and calls are
 * cut off by the thousands.
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
