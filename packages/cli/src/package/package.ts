import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { bundleConnector, type BundledModule } from "../bundle/bundle.js";
import { describeModule } from "../describe-module.js";
import { CliError, UsageError } from "../exit-code.js";
import {
  MANIFEST_NAME,
  manifestConnectorOf,
  manifestOf,
  manifestText,
  validatorOf,
  type Manifest,
  type ManifestConnector,
} from "../manifest/manifest.js";
import type { Project, ProjectConnector } from "../project.js";
import { ownTarget, type NodeBinaries, type TargetName } from "./node-binary.js";
import { makeStandalone } from "./standalone.js";

/** A file of a package. */
interface PackagedFile {
  /** Name in the folder of the package. */
  readonly name: string;
  readonly bytes: number;
  /** The modules in it, the largest first. Only for executables. */
  readonly modules?: readonly BundledModule[];
}

/** A package: a folder that `plakar pkg create` accepts as it is. */
export interface PackagedProject {
  /** Absolute path of the folder. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** The files in it, in the order of the manifest, which is the first. */
  readonly files: readonly PackagedFile[];
  /** Tables of the options of each connector, in Markdown, by type. */
  readonly tables: ReadonlyMap<string, string>;
  /** Texts for the user. */
  readonly warnings: readonly string[];
}

/** Makes executables that need no Node, for one platform. */
interface Standalone {
  readonly target: TargetName;
  readonly binaries: NodeBinaries;
}

/** Settings of a package. */
export interface PackageOptions {
  /** Absolute path of the folder to write. It is replaced if it contains a package. */
  readonly out: string;
  /** Makes executables that need no Node. By default, executables are scripts. */
  readonly standalone?: Standalone;
}

/**
 * Writes the package of a project: one executable for each connector, the files that it reads, the JSON Schema of its
 * configuration, and `manifest.yaml`. The same sources give the same bytes.
 *
 * Every connector has files of its own: Plakar 1.0 rejects a package that names a file twice.
 *
 * @throws CliError if a connector cannot be bundled or imported.
 * @throws UsageError if the folder exists and contains something else than a package.
 */
export async function packageProject(project: Project, { out, standalone }: PackageOptions): Promise<PackagedProject> {
  await checkReplaceable(out);
  // The new package replaces the old one only when it is complete.
  const folder = `${out}.new-${process.pid}`;
  await mkdir(folder, { recursive: true });
  try {
    const build = (connector: ProjectConnector): Promise<Built> =>
      buildConnector(project, connector, folder, standalone);
    const built =
      standalone === undefined ? await allOf(project.connectors.map(build)) : await inTurn(project.connectors, build);
    const manifest = manifestOf(
      project,
      built.map(({ entry }) => entry),
    );
    await writeFile(join(folder, MANIFEST_NAME), manifestText(manifest));
    const files: PackagedFile[] = [];
    for (const name of [MANIFEST_NAME, ...manifest.connectors.flatMap(namesOf)]) {
      const modules = built.find(({ entry }) => entry.executable === name)?.modules;
      const { size } = await stat(join(folder, name));
      files.push({ name, bytes: size, ...(modules !== undefined && { modules }) });
    }
    await rm(out, { recursive: true, force: true });
    await rename(folder, out);
    return {
      folder: out,
      manifest,
      files,
      tables: new Map(built.flatMap(({ entry, table }) => (table === undefined ? [] : [[entry.type, table]]))),
      warnings: [...new Set(built.flatMap(({ warnings }) => warnings))],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Waits until all have ended, so that none still writes after an error, and throws the first error. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** Standalone executables are made in turn: each step has the whole binary of Node in memory. */
async function inTurn<T, Result>(items: readonly T[], each: (item: T) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await each(item));
  return results;
}

interface Built {
  readonly entry: ManifestConnector;
  readonly modules: readonly BundledModule[];
  readonly table: string | undefined;
  readonly warnings: readonly string[];
}

async function buildConnector(
  project: Project,
  connector: ProjectConnector,
  folder: string,
  standalone: Standalone | undefined,
): Promise<Built> {
  const name = `${project.name}-${connector.type}`;
  const describing = describeModule(connector.module);
  const bundling = bundleConnector(connector.module, join(folder, `${name}.cjs`), {
    reference: standalone !== undefined ? "inside" : project.referenceServer ? "beside" : "none",
  });
  await Promise.allSettled([describing, bundling]);
  const { kind, schema, table, problem } = await describing;
  if (kind !== connector.type)
    throw new CliError(
      `${connector.module}: its connector is of type ${kind}, but package.json names the type ${connector.type}`,
    );
  const { executable: script, assets, modules, warnings: bundleWarnings } = await bundling;
  const warnings = [...bundleWarnings];
  if (problem !== undefined) warnings.push(`${connector.module}: no validator: ${problem}`);
  const warn = (text: string): void => void warnings.push(text);
  const files = standalone === undefined ? assets : await withoutForeignLibraries(assets, standalone.target, warn);
  const executable =
    standalone === undefined
      ? basename(script)
      : await makeStandalone(script, standalone.target, standalone.binaries, warn);
  const validator = `${name}-validator.json`;
  if (schema !== undefined) {
    await writeFile(join(folder, validator), `${JSON.stringify(validatorOf(connector, schema), undefined, 2)}\n`);
    await chmod(join(folder, validator), 0o644);
  }
  return {
    entry: manifestConnectorOf(connector, {
      ...(schema !== undefined && { validator }),
      executable,
      extraFiles: files.map((path) => basename(path)),
    }),
    modules,
    table,
    warnings,
  };
}

/** Removes native libraries that are installed for this platform and would not load on another. */
async function withoutForeignLibraries(
  assets: readonly string[],
  target: TargetName,
  warn: (text: string) => void,
): Promise<string[]> {
  if (target === ownTarget()) return [...assets];
  const libraries = assets.filter((path) => path.endsWith(".node"));
  for (const path of libraries) {
    await rm(path);
    warn(
      `${basename(path)} is a library for ${ownTarget()}, and is left out for ${target}: package there to include it`,
    );
  }
  return assets.filter((path) => !libraries.includes(path));
}

/** The files that a connector names in the manifest. */
function namesOf({ executable, validator, extraFiles = [] }: ManifestConnector): string[] {
  return [executable, ...(validator === undefined ? [] : [validator]), ...extraFiles];
}

async function checkReplaceable(out: string): Promise<void> {
  if (!existsSync(out)) {
    await mkdir(dirname(out), { recursive: true });
    return;
  }
  const names = await readdir(out).catch((error: unknown) => {
    throw new UsageError(
      `cannot write the package to ${out}: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  if (names.length > 0 && !names.includes(MANIFEST_NAME))
    throw new UsageError(
      `cannot write the package to ${out}: the folder has other files and no ${MANIFEST_NAME}. Choose another with --out`,
    );
}
