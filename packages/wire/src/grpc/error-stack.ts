import { isNativeError } from "node:util/types";
import { logSettings, masked } from "@kloset/log";
import { InvalidValue, OutOfRange } from "./invalid-value.js";

/** The environment variable that sets how much is logged. */
const LOG_VARIABLE = "KLOSET_LOG";

/** Maximum number of stacks in the log of a process: hosts show it over their own screen. */
const MAX_STACKS = 20;

/** Maximum characters of one error in the log, without its causes. */
const MAX_STACK_LENGTH = 4 * 1024;

/** Maximum number of causes that are shown with an error. An error may be its own cause. */
const MAX_CAUSES = 3;

/** The errors that a mistake in the program causes. */
const PROGRAMMING_ERRORS: readonly string[] = ["TypeError", "ReferenceError", "RangeError", "AssertionError"];

/** Options of {@link stackReporter}. */
export interface StackReporterOptions {
  readonly write: (text: string) => void;
  /** If true, every error is reported with its stack, not only those that a mistake in the program causes. */
  readonly all: boolean;
}

/**
 * Creates a function that writes the stacks of errors from an author's code: of a TypeError, ReferenceError, RangeError
 * or AssertionError, but not of an {@link InvalidValue}. Secrets are masked. An error that has such an error as its cause counts as well.
 *
 * Errors of one name from one place in the code are written once, whatever their messages are: an importer may yield
 * millions of them. After 20 stacks, further ones are left out with a note. The function never throws.
 */
export function stackReporter({ write, all }: StackReporterOptions): (error: unknown) => void {
  const seen = new Set<string>();
  return (error) => {
    if (seen.size > MAX_STACKS) return;
    try {
      if (!isError(error) || !(all || isProgrammingError(error))) return;
      const key = placeOf(error);
      if (seen.has(key)) return;
      seen.add(key);
      write(
        seen.size > MAX_STACKS
          ? "further stacks are not shown\n"
          : `${withCauses(error).map(stackOf).join("\ncaused by ")}\n`,
      );
    } catch {
      // A getter or a proxy of the author's has thrown. The text of the error is reported elsewhere.
    }
  };
}

let report: ((error: unknown) => void) | undefined;

/**
 * Writes the stack of an error from the author's code to stderr, as {@link stackReporter} does: of every error if
 * `KLOSET_LOG` is "debug". The host receives the text of the error only.
 */
export function reportStack(error: unknown): void {
  // Created on demand: most plugins never need it.
  report ??= stackReporter({
    write: (text) => process.stderr.write(text),
    all: logSettings(process.env[LOG_VARIABLE]).level === "debug",
  });
  report(error);
}

function isProgrammingError(error: Error): boolean {
  return withCauses(error).some(
    (each) =>
      !(each instanceof InvalidValue || each instanceof OutOfRange) &&
      // By name as well: an error of another realm is not an instance of this realm's classes.
      (each instanceof TypeError || each instanceof RangeError || PROGRAMMING_ERRORS.includes(each.name)),
  );
}

/** Returns an error and its causes. */
function withCauses(error: Error): Error[] {
  const errors: Error[] = [];
  for (let next: unknown = error; isError(next) && errors.length <= MAX_CAUSES; next = next.cause) {
    errors.push(next);
  }
  return errors;
}

/** Recognizes errors of another realm, too. */
function isError(value: unknown): value is Error {
  return isNativeError(value) || value instanceof Error;
}

/** Returns the frames of an error without its message, which may differ for each entry. */
function placeOf(error: Error): string {
  const frames = framesOf(error.stack);
  return `${error.name}\n${frames.length > 0 ? frames.join("\n") : error.message}`;
}

function framesOf(stack: unknown): string[] {
  return typeof stack === "string" ? stack.split("\n").filter((line) => /^\s+at /.test(line)) : [];
}

/** Returns the stack of an error without the frames of Node itself. Shows no other property: one may hold a secret. */
function stackOf(error: Error): string {
  const { stack, name, message } = error;
  if (typeof stack !== "string" || stack === "") return masked(`${name}: ${message}`).slice(0, MAX_STACK_LENGTH);
  const lines = stack.split("\n").filter((line) => !/^\s+at .*\(?node:/.test(line));
  return masked(lines.join("\n")).slice(0, MAX_STACK_LENGTH);
}
