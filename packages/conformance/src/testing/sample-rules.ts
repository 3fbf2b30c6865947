import type { Generation } from "@kloset/host";

/** One of so many rules that a faulty plugin does not break is checked on it. */
const SAMPLE = 8;
const GENERATIONS: readonly Generation[] = ["v1.0", "v1.1"];

/**
 * Returns the rules to check on a faulty plugin: the one it breaks, and every eighth of the others, starting with
 * a different one for each plugin in turn, so that many plugins meet each rule. Set `KLOSET_KIT=all` to check all rules on all plugins, which takes a quarter of an hour.
 *
 * @param own - The id of the rule that the plugin breaks.
 * @param index - The index of the plugin.
 */
export function sampleRules<R extends { readonly id: string }>(rules: readonly R[], own: string, index: number): R[] {
  if (process.env["KLOSET_KIT"] === "all") return [...rules];
  return rules.filter(({ id }, position) => id === own || position % SAMPLE === index % SAMPLE);
}

/** Returns one of some generations, a different one for each index in turn. */
export function alternate(index: number, generations: readonly Generation[] = GENERATIONS): Generation {
  return generations[index % generations.length] ?? "v1.1";
}

/** A division of rules into two halves: together they have every rule in each of its generations. */
export interface Halves<R> {
  /** Each rule in one of its generations: those that have both take turns. */
  readonly fast: R[];
  /** The same rules in their other generation. */
  readonly slow: R[];
}

/** Divides the rules to check on a generation between the fast and the slow tests. */
export function halvesOf<R extends { readonly generations?: readonly Generation[] | undefined }>(
  rules: readonly R[],
  generation: Generation,
): Halves<R> {
  const isFast = ({ generations }: R, index: number): boolean => alternate(index, generations) === generation;
  return {
    fast: rules.filter(isFast),
    slow: rules.filter((rule, index) => (rule.generations ?? GENERATIONS).includes(generation) && !isFast(rule, index)),
  };
}
