import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { CliError } from "../exit-code.js";
import { MANIFEST_NAME } from "../manifest/manifest.js";
import type { PackagedProject } from "./package.js";

const run = promisify(execFile);

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
    const { stdout: found } = await run("plakar", ["version"], { cwd, env });
    // Plakar 1.0 takes the version from the manifest, and rejects a second argument.
    const isV1_0 = /(?<![\d.])1\.0\.\d/.test(found);
    const { stdout, stderr } = await run(
      "plakar",
      ["pkg", "create", path, ...(isV1_0 ? [] : [manifest.version ?? ""])],
      { cwd, env },
    );
    return stdout + stderr;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new CliError(`plakar pkg create failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
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
