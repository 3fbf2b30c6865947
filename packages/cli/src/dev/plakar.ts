import { readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { CliError } from "../exit-code.js";
import { MANIFEST_NAME, manifestConnectorOf, manifestOf, manifestText } from "../manifest/manifest.js";
import { createArguments, plakarVersion, runPlakar } from "../plakar.js";
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
  const output = await runPlakar(["version"], { cwd: folder, signal });
  const version = plakarVersion(output);
  if (version === undefined)
    throw new CliError(`expected \`plakar version\` to print plakar/v1.1.4 or the like, got ${JSON.stringify(output)}`);
  await writeFile(join(folder, MANIFEST_NAME), manifestFor(project, build));
  for (const old of await packagesIn(folder)) await rm(join(folder, old));
  await runPlakar(createArguments(version, MANIFEST_NAME, `v${project.version}`), { cwd: folder, signal });
  const [file] = await packagesIn(folder);
  if (file === undefined) throw new CliError("`plakar pkg create` succeeded, but left no .ptar file in its folder");
  signal.throwIfAborted();
  // Fails if nothing is installed. A failure that matters makes `pkg add` fail, too.
  const removal = await runPlakar(["pkg", "rm", project.name], { cwd: folder }).catch((error: unknown) => error);
  try {
    await runPlakar(["pkg", "add", `./${file}`], { cwd: folder });
  } catch (error) {
    if (!(error instanceof CliError && removal instanceof CliError)) throw error;
    throw new CliError(`${error.message}\nbefore that, ${removal.message}`, { cause: error });
  }
  return { file, plakar: version.version };
}

function manifestFor(project: Project, { bundles }: DevBuild): string {
  const connectors = project.connectors.flatMap((connector, index) => {
    const bundle = bundles[index];
    if (bundle === undefined) return [];
    const extraFiles = bundle.assets.map((path) => basename(path));
    return [manifestConnectorOf(connector, { executable: basename(bundle.executable), extraFiles })];
  });
  return manifestText(manifestOf(project, connectors));
}

async function packagesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(".ptar"));
}
