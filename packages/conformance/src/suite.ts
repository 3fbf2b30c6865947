import type { Generation } from "@kloset/host";
import { assertDeviations } from "./deviations.js";
import { isFailure, type Outcome } from "./outcome.js";
import { forTerminal } from "./report/terminal.js";
import type { Rule } from "./rule.js";
import { casesOf, type Case } from "./cases.js";
import { checkRule, type CheckOptions } from "./run.js";
import { rules as allRules } from "./rules/index.js";
import { hasStarted, isStart, notAsked, startCase } from "./startup.js";
import { assertSubject, type Subject } from "./subject.js";

/** The functions of a test framework that a suite needs. Those of Jest, Vitest, Mocha and node:test fit. */
export interface TestFramework {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>, timeoutMs?: number) => unknown;
}

/** Options for a suite. */
export interface SuiteOptions extends CheckOptions {
  /** The rules to check. Default: all of them. Rules for other kinds of connector are skipped. */
  readonly rules?: readonly Rule[] | undefined;
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** Added to the framework's time limit: the kit's own message says more. */
const FRAMEWORK_GRACE_MS = 30_000;

/**
 * Declares a test for each rule, in each generation that the plugin speaks.
 *
 * @example
 * import { describe, it } from "@jest/globals";
 * describeConformance({ connector: "storage", executable: "./dist/storage.js", location: "mine://{directory}" }, { describe, it });
 * @throws RangeError for an invalid subject, or a deviation that names no rule.
 */
export function describeConformance(
  subject: Subject,
  { describe, it }: TestFramework,
  options: SuiteOptions = {},
): void {
  assertSubject(subject);
  assertDeviations(options.deviations ?? [], allRules);
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const byGeneration = new Map<Generation, ReturnType<typeof casesOf>>();
  for (const each of casesOf(subject, options.rules))
    byGeneration.set(each.generation, [...(byGeneration.get(each.generation) ?? []), each]);
  for (const [generation, cases] of byGeneration) {
    let start: Promise<Outcome> | undefined;
    const outcomeOf = async (each: Case): Promise<Outcome> => {
      // Once per generation, whichever of the tests the framework runs.
      start ??= checkRule(subject, startCase(subject.connector, generation), { ...options, timeoutMs });
      const started = await start;
      if (isStart(each)) return started;
      return hasStarted(started) ? await checkRule(subject, each, { ...options, timeoutMs }) : notAsked(each);
    };
    describe(`${subject.connector}, ${generation}`, () => {
      for (const each of cases) {
        it(
          `${each.rule.title} (${each.rule.id})`,
          async () => {
            const outcome = await outcomeOf(each);
            if (outcome.verdict === "not asked") throw new Error(`${outcome.rule}: ${outcome.message ?? ""}`);
            if (isFailure(outcome)) throw new Error(explain(outcome));
          },
          // The first test checks the start as well.
          2 * timeoutMs + FRAMEWORK_GRACE_MS,
        );
      }
    });
  }
}

function explain({ rule, message, because, stderr }: Outcome): string {
  const log = stderr === undefined ? "" : `\nThe plugin's log:\n${stderr}`;
  return forTerminal(`${rule}: ${message ?? ""}\nWhy it matters: ${because}${log}`);
}
