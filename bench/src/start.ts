import { inTurn, type Rounds } from "./compare.js";
import { client, pluginsOf } from "./contestants.js";
import { drive } from "./drive.js";
import { medianOf, ratiosOf, spreadOf, type Spread } from "./statistics.js";

/** Who is started: Node without a program, and both plugins. */
export type Starter = "node" | "typescript" | "go";

/** What starting takes: medians of seconds. */
export interface StartSummary {
  readonly rounds: number;
  /** From the start of the process to the answer of Init. */
  readonly answerSeconds: Readonly<Record<Exclude<Starter, "node">, number>>;
  /** From the start of the process to its end, when the host goes after Init. `node` is `node -e 0`. */
  readonly exitSeconds: Readonly<Record<Starter, number>>;
  /** The time to TypeScript's answer, in times of a whole `node -e 0`: less is better. */
  readonly answerInBareNodes: Spread;
  readonly limit: number;
  readonly reached: boolean;
}

const starters: readonly Starter[] = ["node", "typescript", "go"];
/** What the time to the first answer may be, in times of `node -e 0`. */
const LIMIT = 1.25;
/** A start is short, and its time uncertain. */
const STARTS_A_ROUND = 3;

/** Starts all in turn. */
export async function measureStart(rounds: number, env: NodeJS.ProcessEnv): Promise<StartSummary> {
  const { typescript, go } = pluginsOf({ connector: "importer" });
  const taken = await inTurn(starters, rounds * STARTS_A_ROUND, (name) => {
    if (name === "node") return drive(client, { work: "exec", plugin: [process.execPath, "-e", "0"] }, env);
    return drive(client, { work: "init", plugin: (name === "go" ? go : typescript).command }, env);
  });
  return startSummaryOf(taken);
}

/** Says what the rounds come to. */
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
