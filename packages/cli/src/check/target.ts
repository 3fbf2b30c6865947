import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { UsageError } from "../exit-code.js";
import type { Terminal } from "../terminal.js";
import { findManifest, MANIFEST_NAMES } from "../manifest/check.js";
import { MANIFEST_NAME } from "../manifest/manifest.js";
import { packageProject } from "../package/package.js";
import { readProject } from "../project.js";

/** The manifest that `kloset check` reads. */
export interface CheckTarget extends AsyncDisposable {
  /** Path of the manifest. */
  readonly file: string;
  /** Absolute path of the project whose package was made for the check. Undefined for a manifest that was there. */
  readonly project: string | undefined;
}

/**
 * Finds the manifest to check. In the folder of a project without a manifest, packages the project in a temporary folder,
 * as `kloset package` does, and returns the manifest of that package.
 *
 * @param target - Path of a manifest, of its folder, or of the folder of a project.
 * @param fix - True to change the manifest.
 * @throws UsageError if there is neither a manifest nor a project, or `fix` is true for a project; CliError if the project
 * cannot be packaged.
 */
export async function openTarget(
  target: string,
  fix: boolean,
  { error }: Pick<Terminal, "error">,
): Promise<CheckTarget> {
  const names = await readdir(target).catch((): string[] => []);
  if (!names.includes("package.json") || MANIFEST_NAMES.some((name) => names.includes(name)))
    return { file: await findManifest(target), project: undefined, [Symbol.asyncDispose]: async () => undefined };
  const project = await readProject(target);
  if (fix)
    throw new UsageError(
      `--fix changes a manifest.yaml, but kloset package writes that of ${target} from its package.json: correct that file`,
    );
  const folder = await mkdtemp(join(tmpdir(), "kloset-check-"));
  const remove = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true });
  };
  try {
    error(`packaging ${resolve(target)} in a temporary folder, to check what kloset package writes\n`);
    const packaged = await packageProject(project, { out: join(folder, project.name) });
    for (const warning of packaged.warnings) error(`warning: ${warning}\n`);
    return { file: join(packaged.folder, MANIFEST_NAME), project: project.folder, [Symbol.asyncDispose]: remove };
  } catch (failure) {
    await remove();
    throw failure;
  }
}
