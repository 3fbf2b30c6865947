import type { Generation } from "@kloset/host";
import { nodeErrorShortener } from "@kloset/log";
import { settlesWithin } from "@kloset/wire/async";
import { casesOf, type Case } from "./cases.js";
import { assertDeviations, deviationOf, type Deviation } from "./deviations.js";
import { Harness } from "./harness.js";
import { expectationOf, reportOf, type Outcome, type Report, type Verdict } from "./outcome.js";
import type { ConnectorRule, Rule } from "./rule.js";
import { rules as allRules } from "./rules/index.js";
import { hasStarted, isStart, notAsked, startCase } from "./startup.js";
import { assertSubject, generationsOf, type ConnectorKind, type Subject } from "./subject.js";
import { knownTree } from "./tree/known-tree.js";
import { restoreEntryOf } from "./tree/restore-entries.js";
import { seedEntries } from "./tree/seed.js";
import { writeKnownTree } from "./tree/write-tree.js";
import { NotApplicable } from "./violation.js";
import { makeWorkspace } from "./workspace.js";

/** Options for checking a rule. */
export interface CheckOptions {
  /** The known deviations of the plugin. */
  readonly deviations?: readonly Deviation[] | undefined;
  /**
   * Fails a plugin that breaks a rule of level `"robustness"`, too. Default: false, which makes it a warning. Recommended
   * for your own plugins.
   */
  readonly strict?: boolean | undefined;
  /** The time limit for one check, in milliseconds. Default: 60,000. */
  readonly timeoutMs?: number | undefined;
  /** How long to wait for a plugin to close unused descriptors and end its child processes, in milliseconds. Default: 5,000. */
  readonly graceMs?: number | undefined;
  /** How long to wait for the answer of a call that hosts expect at once, in milliseconds. Default: 10,000. */
  readonly answerMs?: number | undefined;
  /** Interrupts a check: its plugins are killed and its folders removed. */
  readonly signal?: AbortSignal | undefined;
}

/** Options for checking all rules. */
export interface RunOptions extends CheckOptions {
  /**
   * The rules to check. Default: all of them. Rules for other kinds of connector are skipped. The plugin must start in
   * any case.
   */
  readonly rules?: readonly Rule[] | undefined;
  /** Called with each outcome as soon as it is known. */
  readonly onOutcome?: ((outcome: Outcome) => void) | undefined;
}

/** The time limit for one check, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_GRACE_MS = 5_000;
const DEFAULT_ANSWER_MS = 10_000;
/** Time for a check to notice that its plugins are gone. */
const ABANDON_MS = 5_000;
/** Characters of the log that an outcome keeps. */
const MAX_STDERR = 4000;

/**
 * Checks a plugin executable against every rule, in every generation it speaks.
 *
 * @throws RangeError for an invalid subject, or a deviation that names no rule.
 * @throws The signal's reason when it is aborted.
 */
export async function checkConformance(subject: Subject, options: RunOptions = {}): Promise<Report> {
  assertSubject(subject);
  assertDeviations(options.deviations ?? [], allRules);
  const outcomes: Outcome[] = [];
  const add = (outcome: Outcome): void => {
    outcomes.push(outcome);
    options.onOutcome?.(outcome);
  };
  for (const generation of generationsOf(subject)) await checkGeneration(subject, generation, options, add);
  return reportOf(subject, outcomes);
}

/** Checks a plugin that does not start only once: every rule would take its time to report the same. */
async function checkGeneration(
  subject: Subject,
  generation: Generation,
  options: RunOptions,
  add: (outcome: Outcome) => void,
): Promise<void> {
  const cases = casesOf(subject, options.rules).filter((each) => each.generation === generation);
  if (cases.length === 0) return;
  options.signal?.throwIfAborted();
  const start = await checkRule(subject, startCase(subject.connector, generation), options);
  if (!hasStarted(start) || cases.some(isStart)) add(start);
  for (const each of cases) {
    if (isStart(each)) continue;
    options.signal?.throwIfAborted();
    add(hasStarted(start) ? await checkRule(subject, each, options) : notAsked(each));
  }
}

/**
 * Checks one rule in one generation. Faults of the plugin never throw; the outcome reports them.
 *
 * @throws The signal's reason when it is aborted.
 */
export async function checkRule(
  subject: Subject,
  { rule, generation }: Case,
  options: CheckOptions = {},
): Promise<Outcome> {
  const since = performance.now();
  const { verdict, message, enable, stderr } = await tryRule(subject, rule, generation, options);
  const listing = deviationOf(options.deviations ?? [], rule.id, generation);
  const expectation = expectationOf(rule, generation);
  const isWarning = verdict === "failed" && expectation.level === "robustness" && options.strict !== true;
  const listed = listing === undefined ? {} : judgeListed(verdict, listing);
  return {
    ...expectation,
    verdict: isWarning ? "warning" : verdict,
    ...(message !== undefined && { message }),
    ...(enable !== undefined && { enable }),
    ...(stderr !== "" && verdict !== "passed" && { stderr: nodeErrorShortener()(stderr).slice(-MAX_STDERR) }),
    ...listed,
    milliseconds: Math.round(performance.now() - since),
  };
}

function judgeListed(verdict: Verdict, { reason }: Deviation): Partial<Outcome> {
  if (verdict === "failed") return { verdict: "deviates", listed: reason };
  return {
    verdict: "stale",
    listed: reason,
    message: `listed as a known deviation (${reason}), but ${verdict === "passed" ? "the plugin keeps the rule" : "the rule is not applicable"}; remove it from the list`,
  };
}

interface Attempt {
  readonly verdict: Verdict;
  readonly message?: string;
  readonly enable?: string | undefined;
  readonly stderr: string;
}

async function tryRule(
  subject: Subject,
  rule: Rule,
  generation: Generation,
  { timeoutMs = DEFAULT_TIMEOUT_MS, graceMs = DEFAULT_GRACE_MS, answerMs = DEFAULT_ANSWER_MS, signal }: CheckOptions,
): Promise<Attempt> {
  signal?.throwIfAborted();
  const workspace = await makeWorkspace();
  const deadline = new AbortController();
  const harness = new Harness<ConnectorKind>(subject, rule.connector, generation, workspace, {
    signal: deadline.signal,
    graceMs,
    answerMs,
  });
  const timeout = new Error(`the check did not finish within ${timeoutMs} ms`);
  let timer: NodeJS.Timeout | undefined;
  let interrupt = (): void => undefined;
  const end = new Promise<never>((_, reject) => {
    const endBy = (reason: unknown, error: Error): void => {
      deadline.abort(reason);
      reject(error);
    };
    timer = setTimeout(endBy, timeoutMs, timeout, timeout);
    interrupt = () => {
      endBy(signal?.reason, new Error("interrupted"));
    };
  });
  signal?.addEventListener("abort", interrupt, { once: true });
  // The signal may have been aborted while the workspace was made.
  if (signal?.aborted === true) interrupt();
  // The harness has the kind of the rule.
  const check = prepare(harness).then(() => (rule as ConnectorRule<ConnectorKind>).check(harness));
  try {
    await Promise.race([check, end]);
    return { verdict: "passed", stderr: harness.stderrText() };
  } catch (error) {
    await harness.end();
    // An abort makes the check fail in any way: report the signal's reason instead.
    signal?.throwIfAborted();
    if (error instanceof NotApplicable)
      return { verdict: "not applicable", message: error.message, enable: error.enable, stderr: "" };
    return { verdict: "failed", message: garbageOf(harness) + messageOf(error), stderr: harness.stderrText() };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", interrupt);
    await harness.end();
    // With its plugins gone, all calls of the check have ended; if it waits for something else, abandon it.
    // How it ends does not matter: the outcome is already known.
    await settlesWithin(check, ABANDON_MS);
    await workspace.remove();
  }
}

/** Writes the tree that an importer reads, or has it restored. */
async function prepare(harness: Harness<ConnectorKind>): Promise<void> {
  const { connector, seesDirectory, workspace } = harness;
  const { seed } = harness.subject;
  if (connector !== "importer") return;
  if (seed !== undefined) await seedEntries(harness, seed, knownTree.map(restoreEntryOf));
  else if (seesDirectory) await writeKnownTree(workspace.directory);
}

/** Returns the report of stray output on the connection, the likely cause of any other failure. */
function garbageOf({ garbage }: Harness<ConnectorKind>): string {
  return garbage === undefined ? "" : `the plugin printed to its connection, ${garbage}; `;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === "Violation" ? error.message : `${error.name}: ${error.message}`;
}
