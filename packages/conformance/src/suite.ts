import type { Generation } from "@kloset/host";
import { assertDeviations } from "./deviations.js";
import { isFailure, type Outcome } from "./outcome.js";
import { levelOf } from "./levels.js";
import { repeatCommand } from "./report/repeat.js";
import { forTerminal } from "./report/terminal.js";
import type { Rule } from "./rule.js";
import { casesOf, type Case } from "./cases.js";
import { checkRule, DEFAULT_TIMEOUT_MS, type CheckOptions } from "./run.js";
import { rules as allRules } from "./rules/index.js";
import { hasStarted, isStart, notAsked, startCase } from "./startup.js";
import { assertSubject, type Subject } from "./subject.js";

/** The functions of a test framework that a suite needs. Those of Jest, Vitest, Mocha and node:test fit. */
export interface TestFramework {
  readonly describe: (name: string, body: () => void) => unknown;
  /** Called with a time limit in milliseconds, or, in Mocha, with a body that sets the limit through `this.timeout()`. */
  readonly it: (name: string, body: () => Promise<void>, timeoutMs?: number) => unknown;
}

/** Options for a suite. */
export interface SuiteOptions extends CheckOptions {
  /** The rules to check. Default: all of them. Rules for other kinds of connector are skipped. */
  readonly rules?: readonly Rule[] | undefined;
  /**
   * Called with the text of each warning: a broken rule of level `"robustness"`, whose test passes without `strict`.
   * Default: `console.warn`.
   */
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** Added to the framework's time limit: the kit's own message says more. */
const FRAMEWORK_GRACE_MS = 30_000;

/**
 * Declares a test for each rule, in each generation that the plugin speaks. A broken rule fails its test; without the
 * option `strict`, a rule of level `"robustness"` only calls `onWarning`.
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
  // The first test checks the start as well.
  const frameworkMs = 2 * timeoutMs + FRAMEWORK_GRACE_MS;
  const { onWarning = console.warn } = options;
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
        const level = levelOf(each.rule, generation) === "robustness" ? ", robustness" : "";
        const test = async function (this: unknown): Promise<void> {
          setMochaTimeout(this, frameworkMs);
          const outcome = await outcomeOf(each);
          if (outcome.verdict === "not asked") throw new Error(`${outcome.rule}: ${outcome.message ?? ""}`);
          const text = (): string => explain(outcome, repeatCommand(subject, outcome, options));
          if (outcome.verdict === "warning") onWarning(text());
          if (isFailure(outcome)) throw new Error(text());
        };
        it(`${each.rule.title} (${each.rule.id}${level})`, test, frameworkMs);
      }
    });
  }
}

/** Sets the time limit of a Mocha test. Mocha ignores a third argument of `it`. */
function setMochaTimeout(context: unknown, ms: number): void {
  const { timeout } = (context ?? {}) as { readonly timeout?: unknown };
  if (typeof timeout === "function") Reflect.apply(timeout, context, [ms]);
}

function explain({ rule, verdict, message, because, stderr }: Outcome, repeat: string | undefined): string {
  const warning = verdict === "warning" ? "warning: " : "";
  const log = stderr === undefined ? "" : `\nThe plugin's log:\n${stderr}`;
  const command = repeat === undefined || verdict === "stale" ? "" : `\nCheck this rule alone: ${repeat}`;
  return forTerminal(`${warning}${rule}: ${message ?? ""}\nWhy it matters: ${because}${command}${log}`);
}
