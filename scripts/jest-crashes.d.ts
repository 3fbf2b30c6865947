/** The part of the output of Jest with `--json` that is used. */
export interface JestResults {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly unknown[];
  }[];
}

export function onlyCrashed(results: JestResults | undefined): string[];
