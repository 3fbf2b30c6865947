import type { Generation } from "@kloset/host";
import type { ImporterFactory } from "@kloset/importer";
import type { Report } from "../../outcome.js";
import { checkConformance, checkRule } from "../../run.js";
import { importerRules } from "../../rules/importer/index.js";
import { launchImporter, type BreakImporter } from "../sound-importer.js";
import { sampleRules } from "../sample-rules.js";
import type { Breakage } from "./breakage.js";

/** What the rule that waits for something is given to see that it does not come. */
const HANG_MS = 1_500;

/** Where an importer in process reads. */
export interface Source {
  readonly factory: ImporterFactory;
  readonly location: string;
}

/** Checks an importer in the test's own process; some rules can be left out, or be alone. */
export async function checkInProcess(
  { factory, location }: Source,
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
  };
  return await checkConformance(subject, { rules, timeoutMs });
}

/**
 * @param turn - Which of the other rules judge it: see {@link sampleRules}.
 * @returns Every rule that a broken importer fails, with the message.
 */
export async function failuresOf(
  source: Source,
  generation: Generation,
  { rule, how, broken, hangs }: Breakage,
  turn: number,
): Promise<string[]> {
  const rules = sampleRules(importerRules, rule, turn);
  if (hangs !== true) return failures(await checkInProcess(source, generation, { broken, rules }));
  // Only its own rule is short of time; the start is not.
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
  { factory, location }: Source,
  generation: Generation,
  { rule: id, broken, hangs }: Breakage,
): Promise<string> {
  const rule = importerRules.find((each) => each.id === id);
  if (rule === undefined) throw new Error(`there is no rule ${id}`);
  const launch = launchImporter(factory, generation, broken);
  const subject = { connector: "importer" as const, executable: "in-process", location, launch };
  const outcome = await checkRule(subject, { rule, generation }, hangs === true ? { timeoutMs: HANG_MS } : {});
  return `${outcome.verdict}: ${outcome.message ?? ""}`;
}

/** @returns What failed, with the message. */
export function failures({ outcomes }: Report): string[] {
  return outcomes.filter(({ verdict }) => verdict === "failed").map(({ rule, message }) => `${rule}: ${message ?? ""}`);
}

/** @returns The rules that could not be asked. */
export function notApplicable({ outcomes }: Report): string[] {
  return outcomes.filter(({ verdict }) => verdict === "not applicable").map(({ rule }) => rule);
}

/** @returns The generations in which a breakage can be seen. */
export function generationsOf({ broken }: Breakage): Generation[] {
  return (["v1.0", "v1.1"] as const).filter((generation) => broken[generation] !== undefined);
}
