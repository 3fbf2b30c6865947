import { describe, expect, it } from "@jest/globals";
import type { Generation } from "@kloset/host";
import type { Outcome } from "../../outcome.js";
import type { Rule } from "../../rule.js";
import { storageRules } from "../../rules/storage/index.js";
import { checkConformance, checkRule } from "../../run.js";
import type { Subject } from "../../subject.js";
import { launchStorage, type Fault } from "../sound-storage.js";
import { alternate, sampleRules } from "../sample-rules.js";
import type { Breakage } from "./breakage.js";
import { storageBreakages } from "./index.js";

const GENERATIONS: readonly Generation[] = ["v1.0", "v1.1"];
const PATIENT_MS = 60_000;
/** The time limit for plugins that never answer. */
const HANG_MS = 1500;

/** Declares a test for each broken plugin, which must fail its own rule in one generation. */
export function judgeStoragesByOwnRule(): void {
  it.each(storageBreakages.map((breakage, index) => [`${breakage.rule}: ${breakage.how}`, breakage, index] as const))(
    "%s",
    async (_name, breakage, index) => {
      const generation = alternate(index, generationsOf(breakage));
      const { verdict } = await ownOutcome(breakage, generation);
      expect(verdict).toBe("failed");
    },
  );

  it.each(GENERATIONS)("each have a plugin that breaks them, on %s", (generation) => {
    const ruled = storageRules.filter(({ generations }) => (generations ?? GENERATIONS).includes(generation));
    const unbroken = ruled.filter(
      ({ id }) => !storageBreakages.some((each) => each.rule === id && generationsOf(each).includes(generation)),
    );
    expect(unbroken.map(({ id }) => id)).toEqual([]);
  });
}

/** Declares the tests of one generation. Each generation has its own file, so that Jest can run both in parallel. */
export function judgeStorages(generation: Generation): void {
  it("all apply to a correct plugin, and pass", async () => {
    const all = await outcomes({}, generation, storageRules, PATIENT_MS);
    expect(all.filter(({ verdict }) => verdict !== "passed")).toEqual([]);
  }, 120_000);

  const here = storageBreakages.filter((breakage) => generationsOf(breakage).includes(generation));

  describe.each(here.map((each) => [`${each.rule}: ${each.how}`, each] as const))("%s", (_name, breakage) => {
    const others = isCheckedByOtherRules(breakage, generation);
    it(
      others ? "fails this rule and no other" : "fails this rule",
      async () => {
        const turn = storageBreakages.indexOf(breakage);
        const rules = others
          ? sampleRules(storageRules, breakage.rule, turn)
          : storageRules.filter(({ id }) => id === breakage.rule);
        expect(await failuresOf(breakage, generation, rules)).toEqual([
          { rule: breakage.rule, message: expect.any(String) },
        ]);
      },
      180_000,
    );
  });
}

function generationsOf(breakage: Breakage): readonly Generation[] {
  return breakage.generations ?? GENERATIONS;
}

/**
 * Returns whether a plugin is also checked against other rules. A mistake in the author's store is the same in both
 * generations, so one of the two is enough; they take turns.
 */
function isCheckedByOtherRules(breakage: Breakage, generation: Generation): boolean {
  const generations = generationsOf(breakage);
  if (breakage.store === undefined || generations.length === 1) return true;
  return generation === GENERATIONS[storageBreakages.indexOf(breakage) % 2];
}

async function failuresOf(
  breakage: Breakage,
  generation: Generation,
  rules: readonly Rule[],
): Promise<Pick<Outcome, "rule" | "message">[]> {
  const hangs = (rule: Rule): boolean => breakage.hangs === true && rule.id === breakage.rule;
  const patient = await outcomes(
    breakage,
    generation,
    rules.filter((rule) => !hangs(rule)),
    PATIENT_MS,
  );
  // Only the plugin's own rule has the short time limit.
  const hanging = rules.some(hangs) ? [await ownOutcome(breakage, generation)] : [];
  return [...patient, ...hanging]
    .filter(({ verdict }) => verdict === "failed")
    .map(({ rule, message }) => ({ rule, message }));
}

async function ownOutcome(breakage: Breakage, generation: Generation): Promise<Outcome> {
  const rule = storageRules.find(({ id }) => id === breakage.rule);
  if (rule === undefined) throw new Error(`there is no rule ${breakage.rule}`);
  const timeoutMs = breakage.hangs === true ? HANG_MS : PATIENT_MS;
  return await checkRule(subjectOf(breakage, generation), { rule, generation }, { timeoutMs, strict: true });
}

function subjectOf(fault: Fault, generation: Generation): Subject {
  return {
    connector: "storage",
    executable: "in process",
    location: "memory://{unique}",
    generations: [generation],
    launch: launchStorage(fault),
  };
}

async function outcomes(
  fault: Fault,
  generation: Generation,
  rules: readonly Rule[],
  timeoutMs: number,
): Promise<readonly Outcome[]> {
  return (await checkConformance(subjectOf(fault, generation), { rules, timeoutMs, strict: true })).outcomes;
}
