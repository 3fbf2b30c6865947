import { inspect } from "node:util";
import { masked } from "@kloset/log";
import { isCodedError } from "./status-error.js";

/**
 * Returns the text of anything that was thrown, unchanged: the message of an error, a string as it is, anything else
 * as Node prints it. The text is never empty, because hosts take an empty text for success. Lone surrogates become
 * U+FFFD, because UTF-8 cannot carry them, and secrets of the configuration become `***`. Never throws.
 */
export function errorText(error: unknown): string {
  return masked(rawText(error)).toWellFormed();
}

/**
 * Converts to a string within a `try`: a getter of the error may throw, and its properties may have values of any
 * type, which must not hide the error itself.
 */
function rawText(error: unknown): string {
  try {
    if (typeof error === "string") return error === "" ? "the plugin threw an empty string" : error;
    if (!(error instanceof Error) && !isErrorLike(error)) return `the plugin threw ${inspect(error, { depth: 1 })}`;
    return String(messageOf(error)) || "the plugin threw an error without a message";
  } catch {
    return "the plugin threw something that cannot be printed";
  }
}

/** Returns the message as the author set it, which may be of any type; "" if there is nothing to show. */
function messageOf(error: Error): unknown {
  // Connect puts "[code]" in front of its messages; rawMessage has the author's text.
  const message: unknown = isCodedError(error) ? error.rawMessage : error.message;
  if (message !== "") return message;
  // Node leaves the message empty when a connection failed on every address.
  if (error instanceof AggregateError && error.errors.length > 0) {
    // One level only: an AggregateError could contain itself.
    return error.errors
      .map((one: unknown) => (one instanceof Error ? one.message || one.name : rawText(one)))
      .join("; ");
  }
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** Recognizes errors of another realm (a worker, a `vm` context), which are not instances of this realm's Error. */
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
