import type { Generation } from "@kloset/host";
import type { ImporterFactory } from "@kloset/importer";
import type { Report } from "../../outcome.js";
import { checkConformance, checkRule } from "../../run.js";
import { importerRules } from "../../rules/importer/index.js";
import type { Companion } from "../../subject.js";
import { launchImporter, type BreakImporter } from "../sound-importer.js";
import { sampleRules } from "../sample-rules.js";
import type { Breakage } from "./breakage.js";

/** The time limit of a rule whose plugin never answers. */
const HANG_MS = 1_500;

/** An importer and its location. */
export interface Source {
  readonly factory: ImporterFactory;
  readonly location: string;
  /** The exporter that fills the source. */
  readonly seed?: Companion | undefined;
}

/** Checks an importer in the test's own process, optionally against some of the rules. */
export async function checkInProcess(
  { factory, location, seed }: Source,
  generation: Generation,
  options: { readonly broken?: BreakImporter; readonly rules?: typeof importerRules; readonly timeoutMs?: number } = {},
): Promise<Report> {
  const { broken, rules = importerRules, timeoutMs } = options;
  const launch = launchImporter(factory, generation, broken);
  const subject = {
    connector: "importer" as const,
    executable: "in-process",
    location,
    generations: [generation],
    launch,
    seed,
  };
  return await checkConformance(subject, { rules, timeoutMs, strict: true });
}

/**
 * Checks a broken importer against its own rule and a sample of the others.
 *
 * @param turn - Selects the sample, see {@link sampleRules}.
 * @returns The id and the message of every broken rule.
 */
export async function failuresOf(
  source: Source,
  generation: Generation,
  { rule, how, broken, hangs }: Breakage,
  turn: number,
): Promise<string[]> {
  const rules = sampleRules(importerRules, rule, turn);
  if (hangs !== true) return failures(await checkInProcess(source, generation, { broken, rules }));
  // Only the importer's own rule has the short time limit.
  const others = rules.filter(({ id }) => id !== rule);
  const own = await ownFailureOf(source, generation, { rule, how, broken, hangs });
  return [
    ...(own.startsWith("failed: ") ? [own.replace("failed", rule)] : []),
    ...failures(await checkInProcess(source, generation, { broken, rules: others })),
  ];
}

/**
 * Checks a broken importer against the rule that it breaks.
 *
 * @returns The failure, or the verdict if the rule did not fail, with the message.
 */
export async function ownFailureOf(
  { factory, location, seed }: Source,
  generation: Generation,
  { rule: id, broken, hangs }: Breakage,
): Promise<string> {
  const rule = importerRules.find((each) => each.id === id);
  if (rule === undefined) throw new Error(`there is no rule ${id}`);
  const launch = launchImporter(factory, generation, broken);
  const subject = { connector: "importer" as const, executable: "in-process", location, launch, seed };
  const outcome = await checkRule(
    subject,
    { rule, generation },
    { strict: true, ...(hangs === true && { timeoutMs: HANG_MS }) },
  );
  return `${outcome.verdict}: ${outcome.message ?? ""}`;
}

/** Returns the id and the message of every broken rule. */
export function failures({ outcomes }: Report): string[] {
  return outcomes.filter(({ verdict }) => verdict === "failed").map(({ rule, message }) => `${rule}: ${message ?? ""}`);
}

/** Returns the ids of the rules that did not apply. */
export function notApplicable({ outcomes }: Report): string[] {
  return outcomes.filter(({ verdict }) => verdict === "not applicable").map(({ rule }) => rule);
}

/** Returns the generations that have the mistake. */
export function generationsOf({ broken }: Breakage): Generation[] {
  return (["v1.0", "v1.1"] as const).filter((generation) => broken[generation] !== undefined);
}
