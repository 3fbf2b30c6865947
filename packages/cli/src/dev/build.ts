import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bundleConnector, type BundledConnector } from "../bundle/bundle.js";
import type { DevConnector } from "./target.js";

/** Connectors that were bundled into a folder. */
export interface DevBuild {
  /** The executables, with the files that they read, in the order of the connectors. */
  readonly bundles: readonly Pick<BundledConnector, "executable" | "assets">[];
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
  const bundles: BundledConnector[] = [];
  const hash = createHash("sha256");
  for (const [index, { type, module }] of connectors.entries()) {
    const earlier = connectors.slice(0, index).filter((each) => each.type === type).length;
    const file = `${name}-${type}${earlier === 0 ? "" : `-${earlier + 1}`}.cjs`;
    const bundle = await bundleConnector(module, join(folder, file), { hasLines: true });
    for (const path of [bundle.executable, ...bundle.assets]) hash.update(await readFile(path));
    bundles.push(bundle);
  }
  return { bundles, digest: hash.digest("hex") };
}
