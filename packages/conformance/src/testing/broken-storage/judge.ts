import { describe, expect, it } from "@jest/globals";
import type { Generation } from "@kloset/host";
import type { Outcome } from "../../outcome.js";
import type { Rule } from "../../rule.js";
import { storageRules } from "../../rules/storage/index.js";
import { checkConformance } from "../../run.js";
import type { Subject } from "../../subject.js";
import { launchStorage, type Fault } from "../sound-storage.js";
import { judgesOf } from "../judges.js";
import type { Breakage } from "./breakage.js";
import { storageBreakages } from "./index.js";

const GENERATIONS: readonly Generation[] = ["v1.0", "v1.1"];
const PATIENT_MS = 60_000;
/** For what never answers. */
const HANG_MS = 1500;

/** Declares the tests of one generation. A file for each: they take long, and run beside each other. */
export function judgeStorages(generation: Generation): void {
  it("pass a sound plugin, and ask it everything", async () => {
    const all = await outcomes({}, generation, storageRules, PATIENT_MS);
    expect(all.filter(({ verdict }) => verdict !== "passed")).toEqual([]);
  }, 120_000);

  const here = storageBreakages.filter((breakage) => generationsOf(breakage).includes(generation));

  describe.each(here.map((each) => [`${each.rule}: ${each.how}`, each] as const))("%s", (_name, breakage) => {
    const all = isJudgedByAll(breakage, generation);
    it(
      all ? "fails that rule, and no other" : "fails that rule",
      async () => {
        const turn = storageBreakages.indexOf(breakage);
        const rules = all
          ? judgesOf(storageRules, breakage.rule, turn)
          : storageRules.filter(({ id }) => id === breakage.rule);
        expect(await failuresOf(breakage, generation, rules)).toEqual([
          { rule: breakage.rule, message: expect.any(String) },
        ]);
      },
      180_000,
    );
  });

  it("have a broken plugin each", () => {
    const ruled = storageRules.filter(({ generations }) => (generations ?? GENERATIONS).includes(generation));
    const unbroken = ruled.filter(
      ({ id }) => !storageBreakages.some((each) => each.rule === id && generationsOf(each).includes(generation)),
    );
    expect(unbroken.map(({ id }) => id)).toEqual([]);
  });
}

function generationsOf(breakage: Breakage): readonly Generation[] {
  return breakage.generations ?? GENERATIONS;
}

/**
 * A fault in the author's store is the same in both generations: others than its own judge
 * it in one of them, and every second one in the other.
 */
function isJudgedByAll(breakage: Breakage, generation: Generation): boolean {
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
  const hanging = await outcomes(breakage, generation, rules.filter(hangs), HANG_MS);
  return [...patient, ...hanging]
    .filter(({ verdict }) => verdict === "failed")
    .map(({ rule, message }) => ({ rule, message }));
}

async function outcomes(
  fault: Fault,
  generation: Generation,
  rules: readonly Rule[],
  timeoutMs: number,
): Promise<readonly Outcome[]> {
  const subject: Subject = {
    connector: "storage",
    executable: "in process",
    location: "memory://{unique}",
    generations: [generation],
    launch: launchStorage(fault),
  };
  return (await checkConformance(subject, { rules, timeoutMs })).outcomes;
}
