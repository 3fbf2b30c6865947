import type { Generation } from "@kloset/host";
import type { ImporterFactory } from "@kloset/importer";
import type { Report } from "../../outcome.js";
import { checkConformance } from "../../run.js";
import { importerRules } from "../../rules/importer/index.js";
import { launchImporter, type BreakImporter } from "../sound-importer.js";
import { judgesOf } from "../judges.js";
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
 * @param turn - Which of the other rules judge it: see {@link judgesOf}.
 * @returns Every rule that a broken importer fails, with the message.
 */
export async function failuresOf(
  source: Source,
  generation: Generation,
  { rule, broken, hangs }: Breakage,
  turn: number,
): Promise<string[]> {
  const rules = judgesOf(importerRules, rule, turn);
  if (hangs !== true) return failures(await checkInProcess(source, generation, { broken, rules }));
  // Only that one is short of time.
  const [waiting, others] = [rules.filter(({ id }) => id === rule), rules.filter(({ id }) => id !== rule)];
  const [first, second] = [
    await checkInProcess(source, generation, { broken, rules: waiting, timeoutMs: HANG_MS }),
    await checkInProcess(source, generation, { broken, rules: others }),
  ];
  return [...failures(first), ...failures(second)];
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
