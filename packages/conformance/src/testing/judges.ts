/** Of the rules that a broken plugin does not break, one of so many judges it. */
const EVERY = 4;

/**
 * The rules that judge a broken plugin: its own, and every fourth of the others,
 * another fourth for each plugin in turn. All rules for all plugins take a quarter
 * of an hour; with `KLOSET_KIT=all` in the environment, that is what is run.
 *
 * @param own - The id of the rule that the plugin breaks.
 * @param turn - The number of the plugin among its like.
 */
export function judgesOf<R extends { readonly id: string }>(rules: readonly R[], own: string, turn: number): R[] {
  if (process.env["KLOSET_KIT"] === "all") return [...rules];
  return rules.filter(({ id }, index) => id === own || index % EVERY === turn % EVERY);
}
