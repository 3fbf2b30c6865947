import { readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";

/** The packages of folders: their names, and the folders of their package.json. */
const packages = new Map<string, Package | undefined>();

interface Package {
  readonly name: string;
  readonly folder: string;
}

/**
 * Returns the name of a module that is the same on every machine: that of its package, and the path in the package. A
 * module of no package has the name of its file.
 *
 * @param input - Path of an input of esbuild, from the working directory, or a virtual module such as `namespace:path`.
 */
export function moduleName(input: string): string {
  if (/^[\w-]{2,}:/.test(input)) return input;
  const path = resolve(input);
  const owner = packageOf(dirname(path));
  return owner === undefined ? basename(path) : `${owner.name}/${relative(owner.folder, path).replaceAll("\\", "/")}`;
}

function packageOf(folder: string): Package | undefined {
  if (packages.has(folder)) return packages.get(folder);
  const name = nameIn(join(folder, "package.json"));
  const parent = dirname(folder);
  const found = name !== undefined ? { name, folder } : parent === folder ? undefined : packageOf(parent);
  packages.set(folder, found);
  return found;
}

function nameIn(path: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(path, "utf8")) as { readonly name?: unknown };
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined;
  }
}
