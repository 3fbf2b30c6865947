import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleConnector } from "../bundle/bundle.js";
import type { ConnectorType } from "../project.js";
import type { DevConnector } from "./target.js";

/** Connectors that were bundled into a folder. */
export interface DevBuild {
  /** Absolute path of the executable, by type of the connector. */
  readonly executables: ReadonlyMap<ConnectorType, string>;
  /** Changes with every byte of the executables and of the files that they read. */
  readonly digest: string;
}

/**
 * Bundles connectors.
 *
 * @param folder - Receives one executable for each: Plakar 1.0 refuses a file that two connectors share.
 * @throws CliError if a connector cannot be compiled.
 */
export async function buildConnectors(
  connectors: readonly DevConnector[],
  name: string,
  folder: string,
): Promise<DevBuild> {
  const executables = new Map<ConnectorType, string>();
  const hash = createHash("sha256");
  for (const { type, module } of connectors) {
    const { executable, assets } = await bundleConnector(module, join(folder, `${name}-${type}.cjs`));
    for (const file of [executable, ...assets]) hash.update(await readFile(file));
    executables.set(type, executable);
  }
  return { executables, digest: hash.digest("hex") };
}
