import { contestants, type Contestant } from "./contestants.js";
import type { Measures } from "./drive.js";

/** The measurements of each contestant, by round. */
export type Rounds<Name extends string = Contestant> = Readonly<Record<Name, readonly Measures[]>>;

/**
 * Measures all contestants in turn, round by round: A B C, B C A, … so that noise on the
 * machine affects all of them.
 *
 * @param rounds - The number of runs of each contestant.
 * @param measure - Runs one contestant once.
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

/** Calls {@link inTurn} for the three plugins. */
export async function compare(rounds: number, measure: (name: Contestant) => Promise<Measures>): Promise<Rounds> {
  return await inTurn(contestants, rounds, measure);
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
