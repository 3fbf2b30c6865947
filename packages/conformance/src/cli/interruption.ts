import { constants } from "node:os";

/** Why a run is broken off, and what the command ends with then. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`broken off by ${signal}`);
    // As shells have it.
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** @returns What is aborted with an {@link Interruption} when the user, or who reads what is printed, wants no more. */
export function interruptionOf(command: NodeJS.Process): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // Once: who asks again does not want to wait for the end of what was begun.
    command.once(signal, () => {
      controller.abort(new Interruption(signal));
    });
  }
  for (const stream of [command.stdout, command.stderr]) {
    // Nobody reads it any more, as with `| head`. What else can happen to it, nobody could be told either.
    stream.on("error", () => {
      controller.abort(new Interruption("SIGPIPE"));
    });
  }
  return controller.signal;
}
