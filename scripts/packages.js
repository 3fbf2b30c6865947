// Lists the packages of this repository, and reads and writes their manifests.
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Path of the repository. */
export const top = fileURLToPath(new URL("../", import.meta.url));

/** Returns every workspace with its folder, relative to the repository, and its manifest. */
export function workspaces() {
  const { packages } = readJson("package-lock.json");
  return Object.values(packages)
    .filter(({ link }) => link)
    .map(({ resolved: folder }) => ({ folder, manifest: readJson(join(folder, "package.json")) }))
    .map(({ folder, manifest }) => ({ name: manifest.name, folder, manifest }));
}

/** Returns the workspaces that are published. */
export function publicPackages() {
  return workspaces().filter(({ manifest }) => manifest.private !== true);
}

/** Parses a JSON file, by its path in the repository. */
export function readJson(path) {
  return JSON.parse(readFileSync(join(top, path), "utf8"));
}

/** Writes a JSON file, by its path in the repository, as npm formats it. */
export function writeJson(path, value) {
  writeFileSync(join(top, path), `${JSON.stringify(value, null, 2)}\n`);
}

/** Returns true in the module that Node was started with, false in one that was imported. */
export function isMain(url) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
}
