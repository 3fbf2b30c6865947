import { dirname, join, relative } from "node:path";
import * as v from "valibot";
import { parse as parseYaml } from "yaml";
import { projectOf, type Project } from "../project.js";
import type { Environment } from "./environment.js";

/** A package of the SDK that is installed in the project. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** Path of its folder, relative to the project. */
  readonly path: string;
}

/** A built file that the manifest names as executable. */
interface PluginFile {
  /** Path relative to the project. */
  readonly path: string;
  readonly mode: number;
}

/** Dependencies and `kloset` key of a package.json. */
interface PackageManifest {
  readonly kloset?: unknown;
  readonly name?: string | undefined;
  readonly dependencies?: Readonly<Record<string, string>> | undefined;
  readonly devDependencies?: Readonly<Record<string, string>> | undefined;
}

/** Facts about the machine and the project, which the checks judge. */
export interface Facts extends Pick<Environment, "node" | "platform" | "variables" | "ownVersion"> {
  /** Version of npm, or undefined if it is not on PATH. */
  readonly npm: string | undefined;
  /** Output of `plakar version`, or undefined if Plakar is not on PATH. */
  readonly plakar: string | undefined;
  /** Version of the project's TypeScript, or undefined if none is installed. */
  readonly typescript: string | undefined;
  /** The project's package.json, or the reason why it cannot be read. */
  readonly manifest: PackageManifest | Error;
  /** The plugin, or the reason why `kloset` rejects it. */
  readonly project: Project | Error;
  /** Modules of connectors that do not exist. */
  readonly missingModules: readonly string[];
  readonly packages: readonly InstalledPackage[];
  readonly pluginFiles: readonly PluginFile[];
}

/** Collects the facts. */
export async function collectFacts(environment: Environment): Promise<Facts> {
  const { folder, node, platform, variables, ownVersion } = environment;
  const [npm, plakar, typescript, packages, pluginFiles, manifest] = await Promise.all([
    environment.run("npm", ["--version"]),
    environment.run("plakar", ["version"]),
    typescriptVersion(environment),
    installedPackages(environment),
    executables(environment),
    readManifest(environment),
  ]);
  const project = manifest instanceof Error ? manifest : attempt(() => projectOf(folder, manifest));
  const missingModules: string[] = [];
  if (!(project instanceof Error))
    for (const { module } of project.connectors)
      if ((await environment.mode(module)) === undefined) missingModules.push(relative(folder, module));
  const common = { node, platform, variables, ownVersion };
  return { ...common, npm: npm?.trim(), plakar, typescript, packages, pluginFiles, manifest, project, missingModules };
}

const dependencies = v.optional(v.record(v.string(), v.string()));
const packageSchema = v.looseObject({
  name: v.optional(v.string()),
  dependencies,
  devDependencies: dependencies,
});

async function readManifest({ folder, readText }: Environment): Promise<PackageManifest | Error> {
  const text = await readText(join(folder, "package.json"));
  if (text === undefined) return new Error(`${join(folder, "package.json")} does not exist`);
  return attempt(() => v.parse(packageSchema, JSON.parse(text)));
}

async function typescriptVersion(environment: Environment): Promise<string | undefined> {
  for (const folder of ancestors(environment.folder)) {
    const version = await versionOf(environment, join(folder, "node_modules", "typescript"));
    if (version !== undefined) return version;
  }
  return undefined;
}

/** Finds the packages of the SDK as Node would: in every node_modules up to the root, and in that of another package. */
async function installedPackages(environment: Environment): Promise<InstalledPackage[]> {
  const found = new Map<string, InstalledPackage>();
  const collect = async (modules: string): Promise<void> => {
    const scoped = await environment.list(join(modules, "@kloset"));
    for (const name of [...scoped.map((id) => `@kloset/${id}`), "kloset"]) {
      const version = await versionOf(environment, join(modules, name));
      const path = relative(environment.folder, join(modules, name));
      if (version !== undefined) found.set(path, { name, version, path });
    }
  };
  for (const folder of ancestors(environment.folder)) {
    const modules = join(folder, "node_modules");
    await collect(modules);
    for (const name of await packagesIn(environment, modules)) await collect(join(modules, name, "node_modules"));
  }
  return [...found.values()];
}

async function packagesIn({ list }: Environment, modules: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await list(modules)) {
    if (name.startsWith(".")) continue;
    if (!name.startsWith("@")) names.push(name);
    else for (const id of await list(join(modules, name))) names.push(`${name}/${id}`);
  }
  return names;
}

async function versionOf({ readText }: Environment, folder: string): Promise<string | undefined> {
  const text = await readText(join(folder, "package.json"));
  if (text === undefined) return undefined;
  const parsed = attempt(() => v.parse(v.looseObject({ version: v.string() }), JSON.parse(text)));
  return parsed instanceof Error ? undefined : parsed.version;
}

const pluginManifestSchema = v.looseObject({
  connectors: v.array(v.looseObject({ executable: v.optional(v.string()) })),
});

/** Lists the built executables of the manifests in the usual places. `kloset check` reports what else is wrong there. */
async function executables({ folder, readText, mode }: Environment): Promise<PluginFile[]> {
  const files: PluginFile[] = [];
  for (const place of [".", "dist"]) {
    const text = await readText(join(folder, place, "manifest.yaml"));
    if (text === undefined) continue;
    const parsed = attempt(() => v.parse(pluginManifestSchema, parseYaml(text)));
    if (parsed instanceof Error) continue;
    for (const name of new Set(parsed.connectors.map(({ executable }) => executable))) {
      if (name === undefined) continue;
      const bits = await mode(join(folder, place, name));
      if (bits !== undefined) files.push({ path: join(place, name), mode: bits });
    }
  }
  return files;
}

function ancestors(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
