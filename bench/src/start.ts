import { inTurn, type Rounds } from "./compare.js";
import { client, pluginsOf } from "./contestants.js";
import { drive } from "./drive.js";
import { medianOf, ratiosOf, spreadOf, type Spread } from "./statistics.js";

/** A process to start: Node without a program, or a plugin. */
export type Starter = "node" | "typescript" | "go";

/** The summary of start-up: medians of seconds. */
export interface StartSummary {
  readonly rounds: number;
  /** The time from the start of the process to the answer of Init. */
  readonly answerSeconds: Readonly<Record<Exclude<Starter, "node">, number>>;
  /** The time from the start of the process to its end if the host disconnects after Init. `node` is `node -e 0`. */
  readonly exitSeconds: Readonly<Record<Starter, number>>;
  /** The time to TypeScript's answer divided by that of a whole `node -e 0`: less is better. */
  readonly answerInBareNodes: Spread;
  readonly limit: number;
  readonly reached: boolean;
}

const starters: readonly Starter[] = ["node", "typescript", "go"];
/** The limit for the time to the first answer, as a multiple of `node -e 0`. */
const LIMIT = 1.25;
/** Several starts per round: a single one is too short to be measured reliably. */
const STARTS_A_ROUND = 3;

/** Measures all starts in turn. */
export async function measureStart(rounds: number, env: NodeJS.ProcessEnv): Promise<StartSummary> {
  const { typescript, go } = pluginsOf({ connector: "importer" });
  const taken = await inTurn(starters, rounds * STARTS_A_ROUND, (name) => {
    if (name === "node") return drive(client, { work: "exec", plugin: [process.execPath, "-e", "0"] }, env);
    return drive(client, { work: "init", plugin: (name === "go" ? go : typescript).command }, env);
  });
  return startSummaryOf(taken);
}

/** Summarizes the rounds. */
export function startSummaryOf(taken: Rounds<Starter>): StartSummary {
  const answer = (name: Starter): number[] => taken[name].map(({ answerSeconds }) => answerSeconds);
  const exit = (name: Starter): number[] => taken[name].map(({ exitSeconds }) => exitSeconds);
  const answerInBareNodes = spreadOf(ratiosOf(exit("node"), answer("typescript")));
  return {
    rounds: taken.node.length,
    answerSeconds: { typescript: medianOf(answer("typescript")), go: medianOf(answer("go")) },
    exitSeconds: { node: medianOf(exit("node")), typescript: medianOf(exit("typescript")), go: medianOf(exit("go")) },
    answerInBareNodes,
    limit: LIMIT,
    reached: answerInBareNodes.median <= LIMIT,
  };
}
