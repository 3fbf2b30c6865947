import { inspect } from "node:util";
import { masked } from "@kloset/log";

const MAX_REPORTS = 100;
const MAX_REPORT_LENGTH = 16 * 1024;

/**
 * Keeps the process alive after uncaught errors and writes each one to stderr with its stack. A bug in a plugin (a late
 * rejection, a throw in a timer) must fail its call, not the backup.
 *
 * @returns A function that returns true if there was any such error.
 */
export function reportCrashes(): () => boolean {
  const report = crashReporter((text) => process.stderr.write(text));
  let crashed = false;
  const crash = (what: string) => (error: unknown) => {
    crashed = true;
    report(what, error);
  };
  process.on("uncaughtException", crash("uncaught exception"));
  process.on("unhandledRejection", crash("unhandled rejection"));
  return () => crashed;
}

/**
 * Creates a function that reports uncaught errors. It reports each error object once, writes at most 16 Ki characters
 * per error, and stops after 100 errors: an error in a loop must not flood the host's log.
 */
export function crashReporter(write: (text: string) => void): (what: string, error: unknown) => void {
  const seen = new WeakSet<object>();
  let reports = 0;
  return (what, error) => {
    if (reports > MAX_REPORTS || (isObject(error) && seen.has(error))) return;
    if (isObject(error)) seen.add(error);
    reports += 1;
    if (reports > MAX_REPORTS) write("further uncaught errors are not shown\n");
    else write(`${what}: ${masked(describe(error)).slice(0, MAX_REPORT_LENGTH)}\n`);
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function describe(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return "an error that cannot be displayed";
  }
}
