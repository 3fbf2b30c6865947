import { join } from "node:path";
import { MANIFEST_NAME } from "../manifest/manifest.js";
import { createArguments, plakarVersion, PlakarMissingError, runPlakar } from "../plakar.js";
import type { PackagedProject } from "./package.js";

/**
 * Calls `plakar pkg create`, which writes the `.ptar` file into the current folder.
 *
 * @param cwd - The folder for the `.ptar` file.
 * @returns The output of Plakar, or undefined if `plakar` is not on the PATH.
 * @throws CliError if Plakar reports an error.
 */
export async function createPtar(
  { folder, manifest }: Pick<PackagedProject, "folder" | "manifest">,
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const path = join(folder, MANIFEST_NAME);
  try {
    const installed = plakarVersion(await runPlakar(["version"], { cwd, env }));
    return await runPlakar(createArguments(installed, path, manifest.version ?? ""), { cwd, env });
  } catch (error) {
    if (error instanceof PlakarMissingError) return undefined;
    throw error;
  }
}

/** Explains how to make the `.ptar` file where Plakar is not installed. */
export function ptarInstructions({ folder, manifest }: Pick<PackagedProject, "folder" | "manifest">): string {
  const path = join(folder, MANIFEST_NAME);
  return [
    "No .ptar file was written: plakar is not on the PATH, and its archive format has no public specification that kloset",
    "could follow to the byte. Where Plakar is installed, run:",
    `  plakar pkg create ${path} ${manifest.version ?? ""}   (Plakar 1.1)`,
    `  plakar pkg create ${path}   (Plakar 1.0)`,
    "",
  ].join("\n");
}
