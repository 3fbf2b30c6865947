import { parseArgs } from "node:util";
import { quoted } from "../values/describe.js";

/** The two generations of the wire protocol that released hosts speak. */
export type Generation = "v1.0" | "v1.1";

/** The last grpc-go minor version that hosts of generation v1.0 carry; 1.78 is ambiguous, released v1.1 hosts begin at 1.81. */
const LAST_MINOR_OF_V1_0 = 80;

/**
 * Tells the generation from a request's `user-agent`: the only difference that
 * two services with one path show in band.
 *
 * @returns v1.0 for grpc-go up to 1.80; v1.1 for newer ones, and for clients that
 * are not grpc-go.
 */
export function generationOfUserAgent(userAgent: string): Generation {
  const version = /(?:^|\s)grpc-go\/(\d+)\.(\d+)/.exec(userAgent);
  if (version === null) return "v1.1";
  const major = Number(version[1]);
  const minor = Number(version[2]);
  return major < 1 || (major === 1 && minor <= LAST_MINOR_OF_V1_0) ? "v1.0" : "v1.1";
}

/**
 * The generation that was chosen explicitly, for the whole process: the
 * environment variable `KLOSET_GENERATION`, or the argument `--generation` (for
 * `args` in the manifest), which goes first.
 *
 * @throws Error when the value is neither "v1.0" nor "v1.1".
 */
export function chosenGeneration(
  args: readonly string[] = process.argv.slice(2),
  env: Readonly<Record<string, string | undefined>> = process.env,
): Generation | undefined {
  // An environment variable that is empty is one that is not set.
  return checkGeneration(argumentOf(args) ?? (env["KLOSET_GENERATION"] || undefined));
}

/**
 * Checks a generation that somebody has chosen: JavaScript's authors have no types.
 *
 * @returns It, or undefined when there is none.
 * @throws Error when it is neither "v1.0" nor "v1.1".
 */
export function checkGeneration(chosen: unknown): Generation | undefined {
  if (chosen === undefined || chosen === "v1.0" || chosen === "v1.1") return chosen;
  throw new Error(`the generation must be "v1.0" or "v1.1": ${quoted(chosen)}`);
}

function argumentOf(args: readonly string[]): string | boolean | undefined {
  // Hosts start hundreds of plugins and give this to none: they need not wait for the parser.
  if (!args.some((argument) => argument.startsWith("--generation"))) return undefined;
  const { values } = parseArgs({
    args: [...args],
    options: { generation: { type: "string" } },
    // The author's own arguments are none of our business.
    strict: false,
    allowPositionals: true,
  });
  return values.generation;
}
