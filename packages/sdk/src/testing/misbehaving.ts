import { Mac } from "@kloset/model";
import { startExporter, startImporter, startStorage, type FixtureOptions, type RunningFixture } from "./fixture.js";
import type { ExporterClient, ImporterClient, StorageClient } from "@kloset/host";

type Generation = "v1.0" | "v1.1";
type Running<Client> = RunningFixture & { readonly client: Client };

const fixture = "misbehaving-plugin.js";

/** Starts the importer of the misbehaving plugin. */
export function startMisbehavingImporter(
  generation: Generation,
  options?: FixtureOptions,
): Promise<Running<ImporterClient>> {
  return startImporter(generation, { fixture, ...options });
}

/** Starts the exporter of the misbehaving plugin. */
export function startMisbehavingExporter(
  generation: Generation,
  options?: FixtureOptions,
): Promise<Running<ExporterClient>> {
  return startExporter(generation, { fixture, ...options });
}

/** Starts the storage of the misbehaving plugin. */
export function startMisbehavingStorage(
  generation: Generation,
  options?: FixtureOptions,
): Promise<Running<StorageClient>> {
  return startStorage(generation, { fixture, ...options });
}

/** Returns the MAC that selects the storage's behaviour by name; only the first 32 characters count. */
export function macNamed(name: string): Mac {
  const bytes = Buffer.alloc(32);
  bytes.write(name, "latin1");
  return Mac.fromBytes(bytes);
}

/** Returns true while the process exists, even as a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
