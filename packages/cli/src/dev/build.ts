import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleConnector } from "../bundle/bundle.js";
import type { DevConnector } from "./target.js";

/** Connectors that were bundled into a folder. */
export interface DevBuild {
  /** Absolute paths of the executables, in the order of the connectors. */
  readonly executables: readonly string[];
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
  const executables: string[] = [];
  const hash = createHash("sha256");
  for (const [index, { type, module }] of connectors.entries()) {
    const earlier = connectors.slice(0, index).filter((each) => each.type === type).length;
    const file = `${name}-${type}${earlier === 0 ? "" : `-${earlier + 1}`}.cjs`;
    const { executable, assets } = await bundleConnector(module, join(folder, file));
    for (const file of [executable, ...assets]) hash.update(await readFile(file));
    executables.push(executable);
  }
  return { executables, digest: hash.digest("hex") };
}
