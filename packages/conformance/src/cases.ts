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
