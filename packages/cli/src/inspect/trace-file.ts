import { closeSync, openSync, writeSync } from "node:fs";
import type { TraceEvent } from "@kloset/host";
import { masked } from "@kloset/log";
import { CliError, UsageError } from "../exit-code.js";

const MICROSECONDS = 1000;

/** A transcript of the calls of one connection: a line of JSON for each event, as in the fixtures of this project. */
export class TraceFile {
  readonly #path: string;
  readonly #file: number;
  #error: Error | undefined;

  /** @throws UsageError if the file cannot be created. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openSync(path, "w");
    } catch (error) {
      throw new UsageError(`--trace: cannot write ${JSON.stringify(path)}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** Writes an event. Synchronously, so that a slow disk slows down the calls instead of filling the memory. */
  readonly event = (event: TraceEvent): void => {
    if (this.#error !== undefined) return;
    try {
      const line = JSON.stringify({ ...event, t_ms: Math.round(event.t_ms * MICROSECONDS) / MICROSECONDS });
      writeSync(this.#file, `${masked(line)}\n`);
    } catch (error) {
      // A trace must not fail the call that it observes.
      this.#error = error as Error;
    }
  };

  /** @throws CliError if an event could not be written. */
  close(): void {
    closeSync(this.#file);
    if (this.#error === undefined) return;
    throw new CliError(`--trace: cannot write ${JSON.stringify(this.#path)}: ${this.#error.message}`, {
      cause: this.#error,
    });
  }
}
