/** The result of one case of h2spec. */
export interface Case {
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  /** The actual outcome of a failed case. */
  readonly actual: string;
  readonly text: string;
}

export function readReport(xml: string): Case[];

export function judge(
  cases: readonly Case[],
  exceptions: readonly { readonly case: string; readonly instead: string; readonly why: string }[],
): { readonly problems: string[]; readonly line: string };
