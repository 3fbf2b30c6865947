import { inspect } from "node:util";
import { Code, isCodedError, StatusError as GrpcStatusError } from "@kloset/wire/grpc";
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
 * The text of whatever was thrown, word for word: an error's message, a string
 * as it is, anything else as Node would print it. Never empty, because hosts take
 * an empty text for success, and never throws.
 *
 * Lone surrogates become U+FFFD, because UTF-8 can not carry them; beyond
 * {@link MAX_ERROR_TEXT} characters it is cut, and says so.
 */
export function errorText(error: unknown): string {
  const text = rawText(error).toWellFormed();
  if (text.length <= MAX_ERROR_TEXT) return text;
  const omitted = `… (${text.length - MAX_ERROR_TEXT} more characters)`;
  return text.slice(0, MAX_ERROR_TEXT).toWellFormed() + omitted;
}

/**
 * A throwing getter in an error must not hide that there was one. What an error
 * says of itself need not be text, whatever its type says: it is made a string
 * here, where that may fail.
 */
function rawText(error: unknown): string {
  try {
    if (typeof error === "string") return error === "" ? "the plugin threw an empty string" : error;
    if (!(error instanceof Error) && !isErrorLike(error)) return `the plugin threw ${inspect(error, { depth: 1 })}`;
    return String(textOfError(error)) || "the plugin threw an error without a message";
  } catch {
    return "the plugin threw something that can not be printed";
  }
}

/** @returns "" when there is none; what the author has put there, which may be anything. */
function textOfError(error: Error): unknown {
  // Connect puts "[code]" before its messages; the author's words are behind it.
  const message: unknown = isCodedError(error) ? error.rawMessage : error.message;
  if (message !== "") return message;
  // Node reports a connection that failed on every address without a message.
  if (error instanceof AggregateError && error.errors.length > 0) {
    // Only one level: an error could be among its own.
    return error.errors
      .map((one: unknown) => (one instanceof Error ? one.message || one.name : rawText(one)))
      .join("; ");
  }
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** An error of another realm (a worker, a test's sandbox) is no instance of this one's Error. */
function isErrorLike(value: unknown): value is Error {
  return (
    typeof value === "object" &&
    value !== null &&
    "message" in value &&
    typeof value.message === "string" &&
    "name" in value &&
    typeof value.name === "string"
  );
}

/**
 * What a call answers for an error.
 *
 * @param signal - The call's. When it is aborted nobody reads the answer.
 */
export function toStatusError(error: unknown, signal?: AbortSignal): GrpcStatusError {
  if (error instanceof StatusError) return error;
  const code = signal?.aborted === true ? Code.Canceled : Code.Unknown;
  return new GrpcStatusError(errorText(error), code, error);
}

/** The error with which a wait ends when its signal is aborted. */
export function abortError(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  if (reason instanceof Error) return reason;
  return new Error("the host does not want the rest", { cause: reason });
}
