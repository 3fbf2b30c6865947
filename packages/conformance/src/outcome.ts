import type { Generation } from "@kloset/host";
import { hostsOf, levelOf } from "./levels.js";
import type { HostName, Level, Rule } from "./rule.js";
import type { ConnectorKind, Subject } from "./subject.js";

/**
 * The result of a check.
 *
 * - `"passed"`: the plugin keeps the rule.
 * - `"failed"`: the plugin breaks the rule, and no known deviation lists it.
 * - `"warning"`: the same, for a rule of level `"robustness"` that was checked without `strict`.
 * - `"deviates"`: the plugin breaks the rule, as listed.
 * - `"stale"`: the rule is listed as broken, but kept. Remove it from the list; it counts as a failure.
 * - `"not applicable"`: the rule cannot be checked on this plugin; the message says why.
 * - `"not asked"`: the plugin does not start in that generation, which is reported once, as a failure. The report is not
 *   ok, and known deviations do not become stale.
 */
export type Verdict = "passed" | "failed" | "warning" | "deviates" | "stale" | "not applicable" | "not asked";

/** The outcome of one rule in one generation. */
export interface Outcome {
  readonly rule: string;
  readonly title: string;
  readonly because: string;
  readonly connector: ConnectorKind;
  readonly generation: Generation;
  readonly level: Level;
  /** The hosts of the generation that rely on the rule; empty for the level `"robustness"`. */
  readonly hosts: readonly HostName[];
  readonly verdict: Verdict;
  /** The reason for the verdict; absent when passed. */
  readonly message?: string | undefined;
  /** How to have a rule checked that is not applicable; absent if that is impossible for this plugin. */
  readonly enable?: string | undefined;
  /** The reason given in the list of known deviations, if the verdict is `"deviates"` or `"stale"`. */
  readonly listed?: string | undefined;
  /** The end of the plugin's log; absent when the log is empty or the rule is kept. */
  readonly stderr?: string | undefined;
  readonly milliseconds: number;
}

/** All outcomes of one subject. */
export interface Report {
  readonly subject: Pick<Subject, "connector" | "executable" | "args" | "location">;
  readonly outcomes: readonly Outcome[];
  /** The number of outcomes by verdict. */
  readonly counts: Readonly<Record<Verdict, number>>;
  /** True if no outcome is failed, stale or not asked, and at least one rule was checked. */
  readonly ok: boolean;
}

/** The part of an outcome that is known before the check. */
type Expectation = Pick<Outcome, "rule" | "title" | "because" | "connector" | "generation" | "level" | "hosts">;

/** Returns the part of an outcome that is known before the check. */
export function expectationOf(rule: Rule, generation: Generation): Expectation {
  const { id, title, because, connector } = rule;
  return {
    ...{ rule: id, title, because, connector, generation },
    level: levelOf(rule, generation),
    hosts: hostsOf(rule, generation),
  };
}

/** Returns whether an outcome makes the whole report fail. */
export function isFailure({ verdict }: Pick<Outcome, "verdict">): boolean {
  return verdict === "failed" || verdict === "stale";
}

/** Makes the report of all outcomes. */
export function reportOf(subject: Subject, outcomes: readonly Outcome[]): Report {
  const counts = { passed: 0, failed: 0, warning: 0, deviates: 0, stale: 0, "not applicable": 0, "not asked": 0 };
  for (const { verdict } of outcomes) counts[verdict]++;
  const { connector, executable, args, location } = subject;
  return {
    subject: { connector, executable, location, ...(args === undefined ? {} : { args }) },
    outcomes,
    counts,
    // A report without any checked rule proves nothing.
    ok: counts.passed + counts.warning + counts.deviates > 0 && counts["not asked"] === 0 && !outcomes.some(isFailure),
  };
}
