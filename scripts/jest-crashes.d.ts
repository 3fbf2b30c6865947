/** Of what Jest writes with `--json`, what is looked at. */
export interface JestResults {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly unknown[];
  }[];
}

export function onlyCrashed(results: JestResults | undefined): string[];
