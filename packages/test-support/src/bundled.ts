import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * Returns the path of a fixture's bundle if `scripts/jest.js` has made one, because a bundle starts faster, or the path
 * of the fixture.
 */
export function bundled(fixture: URL): string {
  const path = fileURLToPath(fixture);
  const { KLOSET_FIXTURES: folder } = process.env;
  if (folder === undefined) return path;
  const bundle = join(folder, relative(repository, path));
  return existsSync(bundle) ? bundle : path;
}
