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

/** @returns The listing that covers a rule, if there is one. */
export function deviationOf(
  deviations: readonly Deviation[],
  rule: string,
  generation: Generation,
): Deviation | undefined {
  return deviations.find((each) => each.rule === rule && (each.generation ?? generation) === generation);
}

/** @throws RangeError for a listing of what is no rule: it was renamed, or never was. */
export function assertDeviations(deviations: readonly Deviation[], rules: readonly Rule[]): void {
  const ids = new Set(rules.map(({ id }) => id));
  for (const { rule } of deviations) {
    if (!ids.has(rule)) throw new RangeError(`a deviation is listed from ${JSON.stringify(rule)}, which is no rule`);
  }
}

/** @throws RangeError for what was read from a file and is no list of deviations. */
export function deviationsFromJson(value: unknown): Deviation[] {
  if (!Array.isArray(value)) throw new RangeError("deviations are a list: [{ \"rule\", \"generation\"?, \"reason\" }]");
  return value.map((each: unknown, index) => deviationFromJson(each, index));
}

function deviationFromJson(value: unknown, index: number): Deviation {
  const { rule, generation, reason } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (typeof rule !== "string" || typeof reason !== "string" || reason.trim() === "") {
    throw new RangeError(`deviation ${String(index + 1)} needs a rule and a reason: ${JSON.stringify(value)}`);
  }
  if (generation !== undefined && generation !== "v1.0" && generation !== "v1.1") {
    throw new RangeError(`deviation ${String(index + 1)}: ${JSON.stringify(generation)} is no generation`);
  }
  return { rule, reason, ...(generation === undefined ? {} : { generation }) };
}
