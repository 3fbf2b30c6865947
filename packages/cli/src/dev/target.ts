import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "../exit-code.js";
import { readProject, type ConnectorType, type Project } from "../project.js";

/** A connector that can be bundled. */
export interface DevConnector {
  readonly type: ConnectorType;
  /** Absolute path of its module. */
  readonly module: string;
}

/** The work of `kloset dev`. */
export interface DevTarget {
  /** The connector that runs. */
  readonly connector: DevConnector;
  /** Folder with the sources. */
  readonly folder: string;
  /** The project. Absent if the module belongs to none. */
  readonly project?: Project;
}

/**
 * Finds the connector that a path means: a module, or the folder of a project.
 *
 * @param path - For a folder, the connector is its importer, or the first one if it has none.
 * @param type - Selects another connector of a folder, and tells the type of a module that no project lists.
 * @throws UsageError if the path does not exist, or the project has no such connector.
 */
export async function devTarget(path: string, type: ConnectorType | undefined): Promise<DevTarget> {
  const absolute = resolve(path);
  const stats = await statOf(absolute);
  if (stats === undefined) throw new UsageError(`${path} does not exist; expected a module or the folder of a project`);
  if (stats.isDirectory()) {
    const project = await readProject(absolute);
    const { connectors } = project;
    const connector = connectors.find((each) => each.type === (type ?? "importer"));
    const chosen = connector ?? (type === undefined ? connectors[0] : undefined);
    if (chosen === undefined) {
      const types = connectors.map((each) => each.type).join(", ");
      throw new UsageError(`${path} has no connector of type ${type}; it has ${types}`);
    }
    return { connector: chosen, folder: absolute, project };
  }
  const folder = await packageFolderOf(dirname(absolute));
  if (folder === undefined)
    return { connector: { type: type ?? "importer", module: absolute }, folder: dirname(absolute) };
  const project = await readProject(folder).catch((error: unknown) => {
    // A module needs no kloset key.
    if (error instanceof UsageError) return undefined;
    throw error;
  });
  const listed = project?.connectors.find(
    ({ module, ...each }) => module === absolute && (type === undefined || each.type === type),
  );
  const connector = listed ?? { type: type ?? "importer", module: absolute };
  return { connector, folder, ...(listed !== undefined && project !== undefined && { project }) };
}

async function packageFolderOf(folder: string): Promise<string | undefined> {
  if ((await statOf(join(folder, "package.json"))) !== undefined) return folder;
  return dirname(folder) === folder ? undefined : await packageFolderOf(dirname(folder));
}

async function statOf(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
