import { execFile } from "node:child_process";
import { lt, parse, type SemVer } from "semver";
import { CliError } from "./exit-code.js";

/** Settings of {@link runPlakar}. */
export interface PlakarOptions {
  readonly cwd: string;
  /** Environment of the process. Default: that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** The error of a call of Plakar where it is not installed. */
export class PlakarMissingError extends CliError {}

/**
 * Runs an installed Plakar.
 *
 * @returns Everything that it prints.
 * @throws PlakarMissingError if `plakar` is not on PATH.
 * @throws CliError if the command fails. It has the output of the command.
 */
export async function runPlakar(args: readonly string[], options: PlakarOptions): Promise<string> {
  const { cwd, env = process.env, signal } = options;
  return await new Promise((resolve, reject) => {
    execFile("plakar", args, { cwd, env, ...(signal !== undefined && { signal }) }, (failure, stdout, stderr) => {
      const output = `${stdout}${stderr}`;
      const cause = { cause: failure };
      if (failure === null) resolve(output);
      else if (failure.code === "ENOENT")
        reject(new PlakarMissingError("plakar is not on PATH; `kloset doctor` tells how to install it", cause));
      else reject(new CliError(`\`plakar ${args.join(" ")}\` failed: ${output.trim() || failure.message}`, cause));
    });
  });
}

/**
 * Returns the version in the output of `plakar version`: the line `plakar/v1.0.6`. A first run prints a welcome before
 * it, and old versions list their connectors after it.
 */
export function plakarVersion(output: string): SemVer | undefined {
  return parse(/^plakar\/v?(\S+)$/m.exec(output)?.[1]) ?? undefined;
}

/**
 * Returns the arguments with which Plakar creates a package. Plakar 1.0 takes the version from the manifest, and rejects
 * a second argument.
 *
 * @param plakar - The version of Plakar. Undefined counts as the newest.
 * @param version - The version of the package, with a `v`.
 */
export function createArguments(plakar: SemVer | undefined, manifest: string, version: string): string[] {
  const isV1_0 = plakar !== undefined && lt(plakar, "1.1.0-0");
  return ["pkg", "create", manifest, ...(isV1_0 ? [] : [version])];
}
