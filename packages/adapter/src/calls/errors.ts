import { Code, errorText as fullErrorText, StatusError as GrpcStatusError } from "@kloset/wire/grpc";
import { MAX_ERROR_TEXT } from "../limits.js";

/** What was thrown, which may be anything, undefined included. */
export interface Failure {
  readonly error: unknown;
}

/**
 * An answer of the adapter itself: its code is meant. Whatever else is thrown
 * comes from the author and is answered as UNKNOWN, as a Go plugin does.
 */
export class StatusError extends GrpcStatusError {
  readonly #own = true;

  /** Without a look at its prototype: what is thrown may be a proxy, which answers as it likes, or throws. */
  static override [Symbol.hasInstance](value: unknown): value is StatusError {
    return typeof value === "object" && value !== null && #own in value;
  }
}

/** A request that can not be right, whoever sent it. */
export function invalidArgument(message: string): StatusError {
  return new StatusError(message, Code.InvalidArgument);
}

/** A call at the wrong time. */
export function failedPrecondition(message: string): StatusError {
  return new StatusError(message, Code.FailedPrecondition);
}

/** What the host wants no more. */
export function canceled(message: string): StatusError {
  return new StatusError(message, Code.Canceled);
}

/** Something that this connector does not have. */
export function unimplemented(message: string): StatusError {
  return new StatusError(message, Code.Unimplemented);
}

/**
 * Returns the text of anything that was thrown, for a field of a message: beyond
 * {@link MAX_ERROR_TEXT} characters it is cut, and says so.
 */
export function errorText(error: unknown): string {
  const text = fullErrorText(error);
  if (text.length <= MAX_ERROR_TEXT) return text;
  const omitted = `… (${text.length - MAX_ERROR_TEXT} more characters)`;
  return text.slice(0, MAX_ERROR_TEXT).toWellFormed() + omitted;
}

/**
 * Returns the error that a call is answered with. Servers cut its text to what fits into a status.
 *
 * @param signal - The call's. When it is aborted nobody reads the answer.
 */
export function toStatusError(error: unknown, signal?: AbortSignal): GrpcStatusError {
  if (error instanceof StatusError) return error;
  const code = signal?.aborted === true ? Code.Canceled : Code.Unknown;
  return new GrpcStatusError(fullErrorText(error), code, error);
}

/** The error with which a wait ends when its signal is aborted. */
export function abortError(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  if (reason instanceof Error) return reason;
  return new Error("the host does not want the rest", { cause: reason });
}
