import { constants } from "node:os";

/** The reason for which a run is interrupted, with the exit code of the command. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    // The convention of shells.
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** Returns a signal that is aborted with an {@link Interruption} when the user, or the reader of the output, stops the command. */
export function interruptionOf(command: NodeJS.Process): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // Once: a second signal ends the command at once.
    command.once(signal, () => {
      controller.abort(new Interruption(signal));
    });
  }
  for (const stream of [command.stdout, command.stderr]) {
    // The reader is gone, as with `| head`. Other errors of these streams cannot be reported either.
    stream.on("error", () => {
      controller.abort(new Interruption("SIGPIPE"));
    });
  }
  return controller.signal;
}
