import { Mac } from "@kloset/model";
import { startExporter, startImporter, startStorage, type FixtureOptions, type RunningFixture } from "./fixture.js";
import type { ExporterClient, ImporterClient, StorageClient } from "@kloset/host";

type Generation = "v1.0" | "v1.1";
type Running<Client> = RunningFixture & { readonly client: Client };

const fixture = "odd-plugin.js";

/** Starts the importer that is written as badly as can be. */
export function startOddImporter(generation: Generation, options?: FixtureOptions): Promise<Running<ImporterClient>> {
  return startImporter(generation, { fixture, ...options });
}

/** Starts the exporter that is written as badly as can be. */
export function startOddExporter(generation: Generation, options?: FixtureOptions): Promise<Running<ExporterClient>> {
  return startExporter(generation, { fixture, ...options });
}

/** Starts the storage that is written as badly as can be. */
export function startOddStorage(generation: Generation, options?: FixtureOptions): Promise<Running<StorageClient>> {
  return startStorage(generation, { fixture, ...options });
}

/** The MAC that makes the storage do what a text says; the first 32 characters count. */
export function macNamed(name: string): Mac {
  const bytes = Buffer.alloc(32);
  bytes.write(name, "latin1");
  return Mac.fromBytes(bytes);
}

/** True while there is a process of this number; a zombie is one, too. */
export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
