import { readFile } from "node:fs/promises";
import type { Generation } from "@kloset/host";
import type { Rule } from "./rule.js";

/** A rule that a plugin breaks on purpose, with the reason. */
export interface Deviation {
  /** The rule's id. */
  readonly rule: string;
  /** The generation in which the rule is broken. Default: all. */
  readonly generation?: Generation | undefined;
  readonly reason: string;
}

const GENERATIONS: readonly string[] = ["v1.0", "v1.1"] satisfies Generation[];
const KEYS = new Set<string>(["rule", "generation", "reason"] satisfies (keyof Deviation)[]);

/** Returns the deviation that lists a rule in a generation, if any. */
export function deviationOf(
  deviations: readonly Deviation[],
  rule: string,
  generation: Generation,
): Deviation | undefined {
  return deviations.find((each) => each.rule === rule && (each.generation ?? generation) === generation);
}

/**
 * Rejects deviations that cannot be checked. A list may name rules for other kinds of connector: one list can serve a
 * plugin that is several.
 *
 * @param rules - All rules, for every kind of connector.
 * @throws RangeError for an invalid entry, an unknown rule, a generation that the rule does not apply to, or a duplicate.
 */
export function assertDeviations(deviations: readonly Deviation[], rules: readonly Rule[]): void {
  deviationsFromJson(deviations);
  for (const [index, { rule: id, generation }] of deviations.entries()) {
    const rule = JSON.stringify(id);
    // A rule for every kind of connector occurs once per kind, with the same generations.
    const named = rules.find((each) => each.id === id);
    if (named === undefined) throw new RangeError(`deviation ${index + 1}: there is no rule ${rule}`);
    const { generations } = named;
    if (generation !== undefined && generations !== undefined && !generations.includes(generation)) {
      throw new RangeError(
        `deviation ${index + 1}: the rule ${rule} applies to ${generations.join()} only, not to ${generation}`,
      );
    }
    const again = deviations.slice(0, index).some((each) => each.rule === id && overlap(each.generation, generation));
    if (again)
      throw new RangeError(
        `deviation ${index + 1}: the rule ${rule} is already listed${generation === undefined ? "" : ` for ${generation}`}`,
      );
  }
}

/** Reads a list of deviations from a JSON file. @throws RangeError that names the file, if it cannot be read or used. */
export async function readDeviations(file: string): Promise<Deviation[]> {
  try {
    return deviationsFromJson(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    throw new RangeError(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** Validates a list of deviations read from a file. @throws RangeError that names the first invalid entry. */
export function deviationsFromJson(value: unknown): Deviation[] {
  if (!Array.isArray(value)) throw new RangeError('deviations must be a list: [{ "rule", "generation"?, "reason" }]');
  return value.map((each: unknown, index) => deviationFromJson(each, index));
}

function deviationFromJson(value: unknown, index: number): Deviation {
  const { rule, generation, reason } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (typeof rule !== "string" || typeof reason !== "string" || reason.trim() === "") {
    throw new RangeError(`deviation ${index + 1} needs a rule and a reason: ${JSON.stringify(value)}`);
  }
  // A misspelt "generation" would list the rule in both generations.
  const unknown = Object.keys(value as object).find((key) => !KEYS.has(key));
  if (unknown !== undefined) {
    throw new RangeError(
      `deviation ${index + 1}: unknown key ${JSON.stringify(unknown)}; allowed are ${[...KEYS].join(", ")}`,
    );
  }
  if (!isGeneration(generation)) {
    throw new RangeError(
      `deviation ${index + 1}: unknown generation ${JSON.stringify(generation)}; allowed are ${GENERATIONS.join(", ")}`,
    );
  }
  return { rule, reason, ...(generation === undefined ? {} : { generation }) };
}

function isGeneration(value: unknown): value is Generation | undefined {
  return value === undefined || (typeof value === "string" && GENERATIONS.includes(value));
}

function overlap(one: Generation | undefined, other: Generation | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}
