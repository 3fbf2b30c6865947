/** A case of h2spec, and what came of it. */
export interface Case {
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  /** What came in place of what was expected. */
  readonly actual: string;
  readonly text: string;
}

export function readReport(xml: string): Case[];

export function judge(
  cases: readonly Case[],
  exceptions: readonly { readonly case: string; readonly instead: string; readonly why: string }[],
): { readonly problems: string[]; readonly line: string };
