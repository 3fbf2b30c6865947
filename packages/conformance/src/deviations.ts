import type { Generation } from "@kloset/host";
import type { Rule } from "./rule.js";

/** A rule that a plugin is known to break, and why that is lived with. */
export interface Deviation {
  /** The rule's id. */
  readonly rule: string;
  /** Default: in every generation. */
  readonly generation?: Generation | undefined;
  readonly reason: string;
}

const GENERATIONS: readonly string[] = ["v1.0", "v1.1"] satisfies Generation[];
const KEYS = new Set<string>(["rule", "generation", "reason"] satisfies (keyof Deviation)[]);

/** @returns The listing that covers a rule, if there is one. */
export function deviationOf(
  deviations: readonly Deviation[],
  rule: string,
  generation: Generation,
): Deviation | undefined {
  return deviations.find((each) => each.rule === rule && (each.generation ?? generation) === generation);
}

/**
 * One list can serve a plugin of several kinds of connectors: a rule may be another kind's.
 *
 * @param rules - All that there are, of every kind.
 * @throws RangeError for what can never be judged: what is no listing, names no rule (it was
 * renamed, or never was) or not one of that generation, or says again what another has said.
 */
export function assertDeviations(deviations: readonly Deviation[], rules: readonly Rule[]): void {
  deviationsFromJson(deviations);
  for (const [index, { rule: id, generation }] of deviations.entries()) {
    const rule = JSON.stringify(id);
    // Those for every kind of connector are there several times, and alike.
    const named = rules.find((each) => each.id === id);
    if (named === undefined) throw new RangeError(`a deviation is listed from ${rule}, which is no rule`);
    const { generations } = named;
    if (generation !== undefined && generations !== undefined && !generations.includes(generation)) {
      throw new RangeError(
        `a deviation is listed from ${rule} on ${generation}, where it is no rule: it is one on ${generations.join()}`,
      );
    }
    const again = deviations.slice(0, index).some((each) => each.rule === id && overlap(each.generation, generation));
    if (again)
      throw new RangeError(
        `a deviation is listed twice from ${rule}${generation === undefined ? "" : ` on ${generation}`}`,
      );
  }
}

/** @throws RangeError for what was read from a file and is no list of deviations. */
export function deviationsFromJson(value: unknown): Deviation[] {
  if (!Array.isArray(value)) throw new RangeError('deviations are a list: [{ "rule", "generation"?, "reason" }]');
  return value.map((each: unknown, index) => deviationFromJson(each, index));
}

function deviationFromJson(value: unknown, index: number): Deviation {
  const { rule, generation, reason } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (typeof rule !== "string" || typeof reason !== "string" || reason.trim() === "") {
    throw new RangeError(`deviation ${index + 1} needs a rule and a reason: ${JSON.stringify(value)}`);
  }
  // A misspelt "generation" would list the rule in both.
  const unknown = Object.keys(value as object).find((key) => !KEYS.has(key));
  if (unknown !== undefined) {
    throw new RangeError(`deviation ${index + 1}: ${JSON.stringify(unknown)} is none of ${[...KEYS].join(", ")}`);
  }
  if (!isGeneration(generation)) {
    throw new RangeError(`deviation ${index + 1}: ${JSON.stringify(generation)} is no generation`);
  }
  return { rule, reason, ...(generation === undefined ? {} : { generation }) };
}

function isGeneration(value: unknown): value is Generation | undefined {
  return value === undefined || (typeof value === "string" && GENERATIONS.includes(value));
}

function overlap(one: Generation | undefined, other: Generation | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}
