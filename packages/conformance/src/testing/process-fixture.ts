import { bundled } from "@kloset/test-support";
import type { Deviation } from "../deviations.js";
import type { Report } from "../outcome.js";
import type { ConnectorRule, Rule } from "../rule.js";
import { processRules } from "../rules/process/index.js";
import { checkConformance } from "../run.js";
import type { ConnectorKind } from "../subject.js";

/** The rules for processes, as they apply to importers. */
export const importerProcessRules = processRules.filter(
  (rule): rule is ConnectorRule<"importer"> => rule.connector === "importer",
);

const fixture = bundled(new URL("../../fixtures/process.js", import.meta.url));

/** The faulty plugin's leftovers never go away and its calls are never answered: there is nothing to wait for. */
const SHORT_WAITS = { graceMs: 500, answerMs: 1000 };

/** Options for checking the fixture. */
export interface FixtureOptions {
  readonly generation?: "v1.0" | "v1.1";
  /** The kind of connector to check it as. The fixture is an importer. */
  readonly connector?: ConnectorKind;
  /** Default: {@link importerProcessRules}. */
  readonly rules?: readonly Rule[];
  readonly timeoutMs?: number;
  readonly deviations?: Deviation[];
  /** Default: true. */
  readonly strict?: boolean;
}

/** Checks fixtures/process.js with one fault, or sound. */
export async function checkFixture(
  fault?: string,
  {
    generation = "v1.1",
    connector = "importer",
    rules = importerProcessRules,
    timeoutMs,
    deviations,
    strict = true,
  }: FixtureOptions = {},
): Promise<Report> {
  const subject = {
    connector,
    executable: process.execPath,
    args: [fixture, ...(fault === undefined ? [] : [fault])],
    location: "memory://{unique}",
    generations: [generation],
  };
  const isOwn = (rule: Rule): boolean => fault?.split("/")[0] === rule.id;
  const waits = rules.every(isOwn) ? SHORT_WAITS : {};
  return await checkConformance(subject, { rules, timeoutMs, deviations, strict, ...waits });
}

/** Returns the outcomes other than "passed", with their messages. */
export function notPassed({ outcomes }: Report): string[] {
  return outcomes.filter(({ verdict }) => verdict !== "passed").map(({ rule, message }) => `${rule}: ${message ?? ""}`);
}
