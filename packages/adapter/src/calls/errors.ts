import { Code, errorText as fullErrorText, reportStack, StatusError as GrpcStatusError } from "@kloset/wire/grpc";
import { MAX_ERROR_TEXT } from "../limits.js";

/** A thrown value, which may be anything, including undefined. */
export interface Failure {
  readonly error: unknown;
}

/**
 * An error of the adapter itself, whose status code is sent to the host. Any other
 * error comes from the author and is sent as UNKNOWN, as Go plugins do.
 */
export class StatusError extends GrpcStatusError {
  readonly #own = true;

  /** Does not read the prototype: the thrown value may be a proxy that lies or throws. */
  static override [Symbol.hasInstance](value: unknown): value is StatusError {
    return typeof value === "object" && value !== null && #own in value;
  }
}

/** Creates the error for an invalid request. */
export function invalidArgument(message: string): StatusError {
  return new StatusError(message, Code.InvalidArgument);
}

/** Creates the error for a call at the wrong time. */
export function failedPrecondition(message: string): StatusError {
  return new StatusError(message, Code.FailedPrecondition);
}

/** Creates the error for a request that names something that does not exist. */
export function notFound(message: string): StatusError {
  return new StatusError(message, Code.NotFound);
}

/** Creates the error for an answer that is too large for a message. */
export function resourceExhausted(message: string): StatusError {
  return new StatusError(message, Code.ResourceExhausted);
}

/** Creates the error for a call that the host no longer wants. */
export function canceled(message: string): StatusError {
  return new StatusError(message, Code.Canceled);
}

/** Creates the error for a feature that the connector does not have. */
export function unimplemented(message: string): StatusError {
  return new StatusError(message, Code.Unimplemented);
}

/**
 * Returns the text of any thrown value, for a field of a message. A text longer than
 * {@link MAX_ERROR_TEXT} characters is truncated, with a note of how much is missing.
 */
export function errorText(error: unknown): string {
  const text = fullErrorText(error);
  if (text.length <= MAX_ERROR_TEXT) return text;
  const omitted = `… (${text.length - MAX_ERROR_TEXT} more characters)`;
  return text.slice(0, MAX_ERROR_TEXT).toWellFormed() + omitted;
}

/**
 * Returns the text of an author's error, as {@link errorText} does. If a mistake in the program caused the error, its
 * stack goes to stderr.
 */
export function authorErrorText(error: unknown): string {
  reportStack(error);
  return errorText(error);
}

/**
 * Returns the error with which a call is answered. If a mistake in the program caused the error, its stack goes to
 * stderr. Servers truncate its text to fit into a status.
 *
 * @param signal - The call's. If it is aborted, an author's error becomes CANCELED instead of UNKNOWN.
 */
export function toStatusError(error: unknown, signal?: AbortSignal): GrpcStatusError {
  reportStack(error);
  if (error instanceof StatusError) return error;
  const code = signal?.aborted === true ? Code.Canceled : Code.Unknown;
  return new GrpcStatusError(fullErrorText(error), code, error);
}

/** Returns the error with which a wait ends when its signal is aborted. */
export function abortError(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  if (reason instanceof Error) return reason;
  return new Error("the host does not want the rest", { cause: reason });
}
