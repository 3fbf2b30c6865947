import type { Generation } from "@kloset/host";
import type { ConnectorKind, Subject } from "./subject.js";

/**
 * What became of a check.
 *
 * - `"passed"`: the plugin keeps the rule.
 * - `"failed"`: it breaks it, and that is not listed.
 * - `"deviates"`: it breaks it, as listed.
 * - `"stale"`: it is listed as broken, and kept: take the listing out. Counts as a failure.
 * - `"not applicable"`: this plugin can not be asked; the message says why.
 * - `"not asked"`: the plugin does not start in that generation, which is told once,
 *   as broken. The report is not ok, and a listing not stale.
 */
export type Verdict = "passed" | "failed" | "deviates" | "stale" | "not applicable" | "not asked";

/** One rule, checked in one generation. */
export interface Outcome {
  readonly rule: string;
  readonly title: string;
  readonly because: string;
  readonly connector: ConnectorKind;
  readonly generation: Generation;
  readonly verdict: Verdict;
  /** Why; absent when passed. */
  readonly message?: string | undefined;
  /** The reason of the listing, for what deviates or is stale. */
  readonly listed?: string | undefined;
  /** The end of what the plugin logged; absent when it logged nothing or the rule is kept. */
  readonly stderr?: string | undefined;
  readonly milliseconds: number;
}

/** All outcomes of one subject. */
export interface Report {
  readonly subject: Pick<Subject, "connector" | "executable" | "args" | "location">;
  readonly outcomes: readonly Outcome[];
  /** How many there are of each verdict. */
  readonly counts: Readonly<Record<Verdict, number>>;
  /** Whether there is none that failed, is stale or was not asked, and at least one that passed or deviates as listed. */
  readonly ok: boolean;
}

/** @returns Whether an outcome fails the whole. */
export function isFailure({ verdict }: Pick<Outcome, "verdict">): boolean {
  return verdict === "failed" || verdict === "stale";
}

/** Adds outcomes up. */
export function reportOf(subject: Subject, outcomes: readonly Outcome[]): Report {
  const counts = { passed: 0, failed: 0, deviates: 0, stale: 0, "not applicable": 0, "not asked": 0 };
  for (const { verdict } of outcomes) counts[verdict]++;
  const { connector, executable, args, location } = subject;
  return {
    subject: { connector, executable, location, ...(args === undefined ? {} : { args }) },
    outcomes,
    counts,
    // A report in which nothing was asked says nothing good.
    ok: counts.passed + counts.deviates > 0 && counts["not asked"] === 0 && !outcomes.some(isFailure),
  };
}
