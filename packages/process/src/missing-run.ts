import { writeLine } from "./standard-streams.js";

/** Exit code of a program that guards the connection but does not serve it. */
const NOT_SERVED_EXIT_CODE = 2;

/** Time without a server after which stderr says so, in milliseconds: hosts give up after 20 s. */
const NOTICE_MS = 15_000;

/** Time without a server after which the process exits, in milliseconds: no host waits that long. */
const EXIT_MS = 60_000;

// Stored on globalThis: an executable may contain this module twice, like that of the guard.
const key = Symbol.for("@kloset/process serving");
const globals = globalThis as { [key]?: boolean };

/**
 * Makes the process exit with code 2 and a line on stderr if it has a host but never serves it, whether it ends or
 * idles. The host would show only that the plugin is gone, or nothing at all.
 *
 * @param limits - Times without a server after which stderr says so and the process exits, in milliseconds.
 */
export function expectServing({ noticeMs = NOTICE_MS, exitMs = EXIT_MS } = {}): void {
  if (globals[key] !== undefined) return;
  globals[key] = false;
  let said = false;
  const say = (): void => {
    if (isServing() || said) return;
    said = true;
    writeLine(
      "the plugin serves nothing: it imports the guard, but has not called " +
        "run(), runImporter(), runExporter(), runStorage() or runPlugin()",
    );
  };
  setTimeout(say, noticeMs).unref();
  setTimeout(() => {
    // Calls the listener below.
    if (!isServing()) process.exit();
  }, exitMs).unref();
  process.once("exit", (code) => {
    // Any other code comes with an explanation: of the author, or of Node for an error or an unsettled await.
    if (isServing() || code !== 0) return;
    process.exitCode = NOT_SERVED_EXIT_CODE;
    say();
  });
}

/** Records that the process serves its host. */
export function markServing(): void {
  globals[key] = true;
}

function isServing(): boolean {
  return globals[key] === true;
}
