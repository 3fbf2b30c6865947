import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../exit-code.js";
import type { NewKind } from "./kinds.js";
import type { PluginNames } from "./names.js";
import type { SdkPackages } from "./sdk-spec.js";

/** A project to create. */
export interface NewProject {
  readonly names: PluginNames;
  readonly kinds: readonly NewKind[];
  /** Path of its folder. */
  readonly folder: string;
  readonly sdk: SdkPackages;
}

const TEMPLATES = fileURLToPath(new URL("../../templates/", import.meta.url));

/** The name that stands for that of the plugin in every template. */
const PLACEHOLDER = /my-plugin/g;

/** Files of every project: the template, and the name in the project. npm does not pack every name with a dot. */
const COMMON: readonly (readonly [template: string, file: string])[] = [
  ["tsconfig.json", "tsconfig.json"],
  ["Makefile", "Makefile"],
  ["gitignore", ".gitignore"],
  ["nvmrc", ".nvmrc"],
  ["vscode/launch.json", ".vscode/launch.json"],
  ["github/ci.yml", ".github/workflows/ci.yml"],
];

/**
 * Writes the files of a new project.
 *
 * @returns The paths of the files in the project, in order.
 * @throws UsageError if the folder exists and is not empty. Nothing is written then.
 */
export async function createProject({ names, kinds, folder, sdk }: NewProject): Promise<readonly string[]> {
  await refuseUsed(folder);
  const modules = kinds.flatMap(({ module }) => [`src/${module}.ts`, `src/${module}.spec.ts`]);
  const sources = [...COMMON, ...modules.map((path) => [path, path] as const)];
  const files = new Map<string, string>([["package.json", packageJson(names, kinds, sdk)]]);
  const readme = ["intro", ...kinds.map(({ module }) => module), "outro"];
  files.set("README.md", (await Promise.all(readme.map((part) => template(`readme/${part}.md`, names)))).join(""));
  for (const [source, path] of sources) files.set(path, await template(source, names));
  for (const [path, text] of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    // Never overwrites: another process may have filled the folder.
    await writeFile(target, text, { flag: "wx" });
  }
  return [...files.keys()].sort();
}

async function template(path: string, { name }: PluginNames): Promise<string> {
  return (await readFile(join(TEMPLATES, path), "utf8")).replaceAll(PLACEHOLDER, name);
}

async function refuseUsed(folder: string): Promise<void> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return;
    throw new UsageError(`cannot use the folder ${folder}: ${message}`, { cause: error });
  }
  // An empty clone of a repository is as good as an empty folder.
  const [first] = names.filter((name) => name !== ".git");
  if (first === undefined) return;
  throw new UsageError(`the folder ${folder} is not empty: it contains ${JSON.stringify(first)}; choose another one`);
}

function packageJson({ name, packageName }: PluginNames, kinds: readonly NewKind[], sdk: SdkPackages): string {
  const manifest = {
    name: packageName,
    version: "0.1.0",
    private: true,
    description: `Plakar plugin ${name}`,
    license: "ISC",
    type: "module",
    engines: { node: ">=20.19" },
    scripts: {
      build: "tsc",
      test: "tsc && node --test dist/*.spec.js",
      check: "kloset check",
      package: "kloset package --out package --no-ptar",
    },
    kloset: {
      name,
      displayName: name,
      connectors: kinds.map(({ type, module, locationFlags }) => ({
        type,
        module: `./src/${module}.ts`,
        protocols: [name],
        ...(locationFlags !== undefined && { locationFlags }),
      })),
    },
    dependencies: sdk.dependencies,
    devDependencies: sorted({ ...sdk.devDependencies, "@types/node": "^20.19.0", typescript: ">=5.7 <8" }),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

function sorted(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
