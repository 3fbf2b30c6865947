import { inspect } from "node:util";

const MAX_REPORTS = 100;
const MAX_REPORT_LENGTH = 16 * 1024;

/**
 * Keeps the process alive through errors that nobody caught. A bug in a plugin
 * (a rejection that comes too late, a throw in a timer) must fail its call, not
 * the backup; it is written to stderr with its stack.
 */
export function reportCrashes(): void {
  const report = crashReporter((text) => process.stderr.write(text));
  process.on("uncaughtException", (error: unknown) => {
    report("uncaught exception", error);
  });
  process.on("unhandledRejection", (error: unknown) => {
    report("unhandled rejection", error);
  });
}

/**
 * Makes a function that writes an error, once, and at most 100 errors of at most
 * 16 Ki characters: an error in a loop must not flood the host's log.
 */
export function crashReporter(write: (text: string) => void): (what: string, error: unknown) => void {
  const seen = new WeakSet<object>();
  let reports = 0;
  return (what, error) => {
    if (reports > MAX_REPORTS || (isObject(error) && seen.has(error))) return;
    if (isObject(error)) seen.add(error);
    reports += 1;
    if (reports > MAX_REPORTS) write("further uncaught errors are not shown\n");
    else write(`${what}: ${describe(error).slice(0, MAX_REPORT_LENGTH)}\n`);
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function describe(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return "an error that can not be shown";
  }
}
