import { hostname } from "node:os";
import type { Harness, StartOptions } from "../../harness.js";
import { WireImporterV1_0 } from "./wire-v1_0.js";
import { WireImporterV1_1 } from "./wire-v1_1.js";
import type { WireImporter, WireInit } from "./wire.js";

/** Starts the plugin and sends Init. */
export async function startWire(harness: Harness<"importer">, options: StartOptions = {}): Promise<WireImporter> {
  const { connection } = await harness.connect(options);
  const { location, config = {}, options: host } = harness.initOptions(options);
  const init: WireInit = {
    options: {
      hostname: hostname(),
      os: process.platform,
      arch: "amd64",
      cwd: host?.cwd ?? process.cwd(),
      maxconcurrency: BigInt(host?.maxConcurrency ?? 1),
    },
    proto: location.slice(0, location.indexOf(":")),
    config: { ...config, location },
  };
  const importer = harness.generation === "v1.0" ? WireImporterV1_0 : WireImporterV1_1;
  return await importer.init(connection, init, harness.signal);
}
