import { execFile } from "node:child_process";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { lt } from "semver";
import { stringify } from "yaml";
import { plakarVersion } from "../doctor/tools.js";
import { CliError } from "../exit-code.js";
import type { Project } from "../project.js";
import type { DevBuild } from "./build.js";

/** The package that Plakar has installed. */
export interface InstalledPlugin {
  /** Name of the package file. */
  readonly file: string;
  /** Version of Plakar. */
  readonly plakar: string;
}

/**
 * Creates a package and installs it in place of the last one: `plakar pkg create`, `pkg rm`, `pkg add`. Plakar cannot
 * replace an installed package of the same version. The package is created first, so that a project that Plakar rejects
 * leaves the last one installed.
 *
 * @param folder - Folder of the build. Receives `manifest.yaml` and the package.
 * @param signal - Takes effect until the last package is removed: the plugin must not stay removed.
 * @throws CliError if Plakar is not on PATH or one of its commands fails. It has the output of the command.
 */
export async function installInPlakar(
  project: Project,
  build: DevBuild,
  folder: string,
  signal: AbortSignal,
): Promise<InstalledPlugin> {
  const output = await plakar(["version"], folder, signal);
  const version = plakarVersion(output);
  if (version === undefined)
    throw new CliError(`expected \`plakar version\` to print plakar/v1.1.4 or the like, got ${JSON.stringify(output)}`);
  await writeFile(join(folder, "manifest.yaml"), manifestOf(project, build, folder));
  for (const old of await packagesIn(folder)) await rm(join(folder, old));
  // Plakar 1.0 takes the version from the manifest, and accepts no second argument.
  const versionArgument = lt(version, "1.1.0-0") ? [] : [`v${project.version}`];
  await plakar(["pkg", "create", "manifest.yaml", ...versionArgument], folder, signal);
  const [file] = await packagesIn(folder);
  if (file === undefined) throw new CliError("`plakar pkg create` succeeded, but left no .ptar file in its folder");
  signal.throwIfAborted();
  // Fails if nothing is installed. A failure that matters makes `pkg add` fail, too.
  const removal = await plakar(["pkg", "rm", project.name], folder).catch((error: unknown) => error);
  try {
    await plakar(["pkg", "add", `./${file}`], folder);
  } catch (error) {
    if (!(error instanceof CliError && removal instanceof CliError)) throw error;
    throw new CliError(`${error.message}\nbefore that, ${removal.message}`, { cause: error });
  }
  return { file, plakar: version.version };
}

function manifestOf(project: Project, build: DevBuild, folder: string): string {
  const { name, displayName, description, version, license, tags, connectors } = project;
  return stringify({
    name,
    display_name: displayName,
    description,
    license,
    tags,
    api_version: "1.0.0",
    version: `v${version}`,
    connectors: connectors.map(({ type, protocols, locationFlags }, index) => ({
      type,
      protocols,
      location_flags: locationFlags,
      executable: relative(folder, build.executables[index] ?? ""),
    })),
  });
}

async function packagesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(".ptar"));
}

/** @returns Everything that Plakar prints. */
async function plakar(args: readonly string[], cwd: string, signal?: AbortSignal): Promise<string> {
  return await new Promise((resolve, reject) => {
    execFile(
      "plakar",
      args,
      { cwd, env: process.env, ...(signal !== undefined && { signal }) },
      (failure, stdout, stderr) => {
        const output = `${stdout}${stderr}`;
        if (failure === null) resolve(output);
        else if (failure.code === "ENOENT")
          reject(new CliError("plakar is not on PATH; `kloset doctor` tells how to install it"));
        else
          reject(
            new CliError(`\`plakar ${args.join(" ")}\` failed: ${output.trim() || failure.message}`, {
              cause: failure,
            }),
          );
      },
    );
  });
}
