/** What a worker is told to do. */
export interface Job {
  readonly seed: number;
  /** Runs the inputs `from`, `from + step`, … below `to`, but for those that ended a worker before. */
  readonly from: number;
  readonly step: number;
  readonly to: number;
  readonly without: readonly number[];
  /** Runs the input of this file instead. */
  readonly replay?: string | undefined;
  /** A module and the name of its target, as `file.js#name`. Default: the SDK. */
  readonly target?: string | undefined;
  /** For the worker's environment. */
  readonly server?: string | undefined;
  readonly inFlight: number;
  readonly sampleEvery: number;
  readonly watchdogMs: number;
  /** When to begin no more inputs, as Date.now() counts. */
  readonly deadline?: number | undefined;
}

/** What a worker tells. */
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
