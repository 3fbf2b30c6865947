/** The job of a worker. */
export interface Job {
  readonly seed: number;
  /** Runs the inputs `from`, `from + step`, … below `to`, except those in `without`, which crashed a worker. */
  readonly from: number;
  readonly step: number;
  readonly to: number;
  readonly without: readonly number[];
  /** Runs the input of this file instead. */
  readonly replay?: string | undefined;
  /** A module and the export to test, as in `file.js#name`. Default: the SDK. */
  readonly target?: string | undefined;
  /** Set as KLOSET_SERVER in the worker's environment. */
  readonly server?: string | undefined;
  readonly inFlight: number;
  readonly sampleEvery: number;
  readonly watchdogMs: number;
  /** The time (as of Date.now()) after which no input begins. */
  readonly deadline?: number | undefined;
}

/** A message of a worker. */
export type WorkerMessage =
  | { readonly type: "corpus"; readonly digest: string; readonly captures: number }
  | { readonly type: "begin" | "end"; readonly index: number }
  | {
      readonly type: "fault";
      readonly text: string;
      readonly inputs: readonly { readonly index: number; readonly text?: string }[];
    }
  | { readonly type: "memory"; readonly live: number; readonly rss: number }
  | { readonly type: "done" };
