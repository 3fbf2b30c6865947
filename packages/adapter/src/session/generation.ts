import { parseArgs } from "node:util";
import { quoted } from "../values/describe.js";

/** The two generations of the wire protocol that released hosts speak. */
export type Generation = "v1.0" | "v1.1";

/**
 * The last grpc-go minor version of hosts that speak v1.0. Version 1.78 is ambiguous; released v1.1 hosts have at
 * least 1.81.
 */
const LAST_MINOR_OF_V1_0 = 80;

/**
 * Returns the generation that a request's `user-agent` implies. Where both generations
 * use the same path, nothing else in the request tells them apart.
 *
 * @returns v1.0 for grpc-go up to 1.80; v1.1 for newer versions and other clients.
 */
export function generationOfUserAgent(userAgent: string): Generation {
  const version = /(?:^|\s)grpc-go\/(\d+)\.(\d+)/.exec(userAgent);
  if (version === null) return "v1.1";
  const major = Number(version[1]);
  const minor = Number(version[2]);
  return major < 1 || (major === 1 && minor <= LAST_MINOR_OF_V1_0) ? "v1.0" : "v1.1";
}

/**
 * Returns the generation that was chosen explicitly for the whole process, by the argument
 * `--generation` (for `args` in the manifest) or else the environment variable
 * `KLOSET_GENERATION`.
 *
 * @throws Error when the value is neither "v1.0" nor "v1.1".
 */
export function chosenGeneration(
  args: readonly string[] = process.argv.slice(2),
  env: Readonly<Record<string, string | undefined>> = process.env,
): Generation | undefined {
  // An empty environment variable counts as unset.
  return checkGeneration(argumentOf(args) ?? (env["KLOSET_GENERATION"] || undefined));
}

/**
 * Checks an explicitly chosen generation, for authors who write JavaScript without types.
 *
 * @returns The generation, or undefined if none was chosen.
 * @throws Error when it is neither "v1.0" nor "v1.1".
 */
export function checkGeneration(chosen: unknown): Generation | undefined {
  if (chosen === undefined || chosen === "v1.0" || chosen === "v1.1") return chosen;
  throw new Error(`the generation must be "v1.0" or "v1.1": ${quoted(chosen)}`);
}

function argumentOf(args: readonly string[]): string | boolean | undefined {
  // Skip the parser in the usual case: hosts start hundreds of plugins without this argument.
  if (!args.some((argument) => argument.startsWith("--generation"))) return undefined;
  const { values } = parseArgs({
    args: [...args],
    options: { generation: { type: "string" } },
    // Accept the author's own arguments.
    strict: false,
    allowPositionals: true,
  });
  return values.generation;
}
