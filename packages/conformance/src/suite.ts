import type { Generation } from "@kloset/host";
import { assertDeviations } from "./deviations.js";
import { isFailure, type Outcome } from "./outcome.js";
import { forTerminal } from "./report/terminal.js";
import { casesOf, checkRule, type Case, type CheckOptions } from "./run.js";
import { rules } from "./rules/index.js";
import { hasStarted, isStart, notAsked, startCase } from "./start.js";
import { assertSubject, type Subject } from "./subject.js";

/** The part of a test framework that the suite needs: Jest's, Vitest's, Mocha's and Node's fit. */
export interface TestFramework {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>, timeoutMs?: number) => unknown;
}

const DEFAULT_TIMEOUT_MS = 60_000;
/** The framework's own limit must not come first: the kit's says more. */
const FRAMEWORK_GRACE_MS = 30_000;

/**
 * Declares a test for every rule, in every generation that the plugin speaks.
 *
 * @example
 * import { describe, it } from "@jest/globals";
 * describeConformance({ connector: "storage", executable: "./dist/storage.js", location: "mine://{directory}" }, { describe, it });
 * @throws RangeError for a subject that can not be checked, or a listing of what is no rule.
 */
export function describeConformance(
  subject: Subject,
  { describe, it }: TestFramework,
  options: CheckOptions = {},
): void {
  assertSubject(subject);
  assertDeviations(options.deviations ?? [], rules);
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const byGeneration = new Map<Generation, ReturnType<typeof casesOf>>();
  for (const each of casesOf(subject))
    byGeneration.set(each.generation, [...(byGeneration.get(each.generation) ?? []), each]);
  for (const [generation, cases] of byGeneration) {
    let start: Promise<Outcome> | undefined;
    const outcomeOf = async (each: Case): Promise<Outcome> => {
      // Once, whichever tests the framework was told to run.
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
          // The first of them starts the plugin once more.
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
