import { contestants, type Contestant } from "./contestants.js";
import type { Measures } from "./drive.js";

/** Of each contestant, what every round took. */
export type Rounds<Name extends string = Contestant> = Readonly<Record<Name, readonly Measures[]>>;

/**
 * Has everybody do the same in turn, round by round: A B C, B C A, … so that
 * whatever slows the machine down meets all of them.
 *
 * @param rounds - How often each one runs.
 * @param measure - Runs one of them once.
 */
export async function inTurn<Name extends string>(
  names: readonly Name[],
  rounds: number,
  measure: (name: Name) => Promise<Measures>,
): Promise<Rounds<Name>> {
  const taken = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Measures[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of rotated(names, round)) taken[name].push(await measure(name));
  }
  return taken;
}

/** {@link inTurn} for the three plugins. */
export async function compare(rounds: number, measure: (name: Contestant) => Promise<Measures>): Promise<Rounds> {
  return await inTurn(contestants, rounds, measure);
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
