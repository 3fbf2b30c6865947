import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { UsageError } from "../exit-code.js";
import type { Project } from "../project.js";

/**
 * Writes `recipe.yaml`, which `plakar pkg build` reads. It clones the tag `v1.2.3` of the repository, runs `make`, and
 * creates the package from the `manifest.yaml` in the same folder.
 *
 * @returns The path of the file.
 * @throws UsageError if package.json has no `repository`.
 */
export async function writeRecipe(project: Project): Promise<string> {
  const { name, version, repository } = project;
  if (repository === undefined)
    throw new UsageError(
      `${join(project.folder, "package.json")}: repository: expected the address of the git repository that plakar pkg build clones`,
    );
  const subFolder = repository.directory === undefined ? "" : `${repository.directory}/`;
  const path = join(project.folder, "recipe.yaml");
  await writeFile(path, stringify({ name, version: `${subFolder}v${version}`, repository: repository.url }));
  return path;
}
