import type { Generation } from "@kloset/host";
import type { Rule } from "./rule.js";
import { rules as allRules } from "./rules/index.js";
import { generationsOf, type Subject } from "./subject.js";

/** A rule, and the generation to check it in. */
export interface Case {
  readonly rule: Rule;
  readonly generation: Generation;
}

/** Returns the cases that apply to a subject, in order. */
export function casesOf(subject: Subject, rules: readonly Rule[] = allRules): Case[] {
  return generationsOf(subject).flatMap((generation) =>
    rules
      .filter((rule) => rule.connector === subject.connector && (rule.generations ?? [generation]).includes(generation))
      .map((rule) => ({ rule, generation })),
  );
}

/**
 * Returns the rules that a user has chosen for some subjects. The id of a rule chooses it alone, even if it begins other
 * ids.
 *
 * @param prefixes - Ids of rules, or beginnings of ids. Empty chooses all rules.
 * @throws RangeError for a prefix without rules for these subjects: an empty report would look like a broken plugin.
 */
export function chosenRules(prefixes: readonly string[], subjects: readonly Subject[]): readonly Rule[] {
  if (prefixes.length === 0) return allRules;
  const ids = new Set(subjects.flatMap((subject) => casesOf(subject).map(({ rule }) => rule.id)));
  const unknown = prefixes.find((prefix) => ![...ids].some((id) => id.startsWith(prefix)));
  if (unknown !== undefined) {
    const [connectors, generations] = [subjects.map(({ connector }) => connector), subjects.flatMap(generationsOf)];
    throw new RangeError(
      `no rule for ${either(connectors)} on ${either(generations)} has an id that starts with ${JSON.stringify(unknown)}`,
    );
  }
  return allRules.filter(({ id }) =>
    prefixes.some((prefix) => (ids.has(prefix) ? id === prefix : id.startsWith(prefix))),
  );
}

function either(names: readonly string[]): string {
  return [...new Set(names)].join(" or ");
}
