import type { Generation } from "@kloset/host";
import { Bench } from "./bench.js";
import { assertDeviations, deviationOf, type Deviation } from "./deviations.js";
import { makeGround } from "./ground.js";
import { reportOf, type Outcome, type Report, type Verdict } from "./outcome.js";
import { NotApplicable, type ConnectorRule, type Rule } from "./rule.js";
import { rules as allRules } from "./rules/index.js";
import { hasStarted, isStart, notAsked, startCase } from "./start.js";
import { assertSubject, generationsOf, type ConnectorKind, type Subject } from "./subject.js";
import { writeKnownTree } from "./tree/write-tree.js";

/** How a subject is checked. */
export interface CheckOptions {
  /** What the plugin is known to break. */
  readonly deviations?: readonly Deviation[] | undefined;
  /** Milliseconds that one check may take. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds that a plugin has to close the descriptors and end the processes it no longer needs. Default 5,000. */
  readonly graceMs?: number | undefined;
  /** Breaks a check off: its plugins are ended, and its folder is removed. */
  readonly signal?: AbortSignal | undefined;
}

/** How all rules are checked. */
export interface RunOptions extends CheckOptions {
  /** Default: every rule. Those for other connectors are left out. Whether the plugin starts is asked in any case. */
  readonly rules?: readonly Rule[] | undefined;
  /** Told each outcome as it comes. */
  readonly onOutcome?: ((outcome: Outcome) => void) | undefined;
}

/** A rule, and a generation to check it in. */
export interface Case {
  readonly rule: Rule;
  readonly generation: Generation;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_GRACE_MS = 5_000;
/** How long a check may take to notice that its plugins have gone. */
const SETTLE_MS = 5_000;
/** Characters of log that an outcome keeps. */
const MAX_STDERR = 4000;

/** @returns What there is to check of a subject, in order. */
export function casesOf(subject: Subject, rules: readonly Rule[] = allRules): Case[] {
  return generationsOf(subject).flatMap((generation) =>
    rules
      .filter((rule) => rule.connector === subject.connector && (rule.generations ?? [generation]).includes(generation))
      .map((rule) => ({ rule, generation })),
  );
}

/**
 * Checks a plugin executable against every rule, in every generation it speaks.
 *
 * @throws RangeError for a subject that can not be checked, or a listing of what is no rule.
 * @throws The signal's reason when it is aborted.
 */
export async function checkConformance(subject: Subject, options: RunOptions = {}): Promise<Report> {
  assertSubject(subject);
  assertDeviations(options.deviations ?? [], allRules);
  const outcomes: Outcome[] = [];
  const tell = (outcome: Outcome): void => {
    outcomes.push(outcome);
    options.onOutcome?.(outcome);
  };
  for (const generation of generationsOf(subject)) await checkGeneration(subject, generation, options, tell);
  return reportOf(subject, outcomes);
}

/** A plugin that does not start is asked once: each rule would say the same, and take its time to find out. */
async function checkGeneration(
  subject: Subject,
  generation: Generation,
  options: RunOptions,
  tell: (outcome: Outcome) => void,
): Promise<void> {
  const cases = casesOf(subject, options.rules).filter((each) => each.generation === generation);
  if (cases.length === 0) return;
  options.signal?.throwIfAborted();
  const start = await checkRule(subject, startCase(subject.connector, generation), options);
  if (!hasStarted(start) || cases.some(isStart)) tell(start);
  for (const each of cases) {
    if (isStart(each)) continue;
    options.signal?.throwIfAborted();
    tell(hasStarted(start) ? await checkRule(subject, each, options) : notAsked(each));
  }
}

/**
 * Checks one rule in one generation. Never throws what the plugin does wrong: the outcome says it.
 *
 * @throws The signal's reason when it is aborted.
 */
export async function checkRule(
  subject: Subject,
  { rule, generation }: Case,
  options: CheckOptions = {},
): Promise<Outcome> {
  const since = performance.now();
  const { verdict, message, stderr } = await tryRule(subject, rule, generation, options);
  const listing = deviationOf(options.deviations ?? [], rule.id, generation);
  const { id, title, because, connector } = rule;
  const listed = listing === undefined ? {} : judgeListed(verdict, listing);
  return {
    ...{ rule: id, title, because, connector, generation, verdict },
    ...(message !== undefined && { message }),
    ...(stderr !== "" && verdict !== "passed" && { stderr: stderr.slice(-MAX_STDERR) }),
    ...listed,
    milliseconds: Math.round(performance.now() - since),
  };
}

function judgeListed(verdict: Verdict, { reason }: Deviation): Partial<Outcome> {
  if (verdict === "failed") return { verdict: "deviates", listed: reason };
  return {
    verdict: "stale",
    listed: reason,
    message: `listed as a known deviation (${reason}), but ${verdict === "passed" ? "the plugin keeps the rule" : "it is not applicable"}`,
  };
}

interface Tried {
  readonly verdict: Verdict;
  readonly message?: string;
  readonly stderr: string;
}

async function tryRule(
  subject: Subject,
  rule: Rule,
  generation: Generation,
  { timeoutMs = DEFAULT_TIMEOUT_MS, graceMs = DEFAULT_GRACE_MS, signal }: CheckOptions,
): Promise<Tried> {
  signal?.throwIfAborted();
  const ground = await makeGround();
  const deadline = new AbortController();
  const bench = new Bench<ConnectorKind>(subject, rule.connector, generation, ground, {
    signal: deadline.signal,
    graceMs,
  });
  const timeout = new Error(`the check did not come to an end within ${timeoutMs} ms`);
  let timer: NodeJS.Timeout | undefined;
  let breakOff = (): void => undefined;
  const end = new Promise<never>((_, reject) => {
    const endBy = (reason: unknown, error: Error): void => {
      deadline.abort(reason);
      reject(error);
    };
    timer = setTimeout(endBy, timeoutMs, timeout, timeout);
    breakOff = () => {
      endBy(signal?.reason, new Error("broken off"));
    };
  });
  signal?.addEventListener("abort", breakOff, { once: true });
  // It may have come while the ground was made.
  if (signal?.aborted === true) breakOff();
  // The rule's kind is the bench's: made from it above.
  const check = prepare(bench).then(() => (rule as ConnectorRule<ConnectorKind>).check(bench));
  try {
    await Promise.race([check, end]);
    return { verdict: "passed", stderr: bench.stderrText() };
  } catch (error) {
    await bench.end();
    // Whatever has failed by then: the reason is the signal's.
    signal?.throwIfAborted();
    if (error instanceof NotApplicable) return { verdict: "not applicable", message: error.message, stderr: "" };
    return { verdict: "failed", message: printed(bench) + messageOf(error), stderr: bench.stderrText() };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", breakOff);
    await bench.end();
    // Its plugins have gone, so calls have ended; a check that waits for something else is left behind.
    await settlesWithin(check, SETTLE_MS);
    await ground.remove();
  }
}

/** An importer needs something to read. */
async function prepare({ connector, seesDirectory, ground }: Bench<ConnectorKind>): Promise<void> {
  if (connector === "importer" && seesDirectory) await writeKnownTree(ground.directory);
}

async function settlesWithin(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.then(ignore, ignore), late]);
  clearTimeout(timer);
}

function ignore(): void {
  // The outcome is known.
}

/** Whatever failed, a print onto the connection is the first to look at: all that follows can come of it. */
function printed({ garbage }: Bench<ConnectorKind>): string {
  return garbage === undefined ? "" : `the plugin printed onto its connection, ${garbage}; `;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === "Violation" ? error.message : `${error.name}: ${error.message}`;
}
