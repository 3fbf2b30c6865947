import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  backup,
  count,
  createRepository,
  openRepository,
  restore,
  startExporter,
  startImporter,
  startStorage,
  type Generation,
  type StartConnectorOptions,
} from "@kloset/host";
import { ArchiveWriter, readArchive } from "./archive.js";
import { compareTrees, type Comparison } from "./compare.js";
import { showProgress } from "./progress.js";

/** What a round trip did. */
export interface RoundTrip extends Comparison {
  readonly generation: Generation;
  /** Bytes of content that were read and written. */
  readonly bytes: number;
  /** What could not be backed up or restored, with the reason. */
  readonly errors: readonly string[];
  readonly seconds: number;
}

/** Records in work at once. */
const CONCURRENCY = 4;

const plugins = fileURLToPath(new URL("../../plugins/fs/dist/", import.meta.url));

/**
 * Backs a folder up into a storage, restores it from there, and compares: all in
 * real plugin processes, as a host of that generation drives them.
 *
 * @param source - Absolute, no symbolic link. Nothing in it is changed.
 * @param work - An empty folder for the storage and the result.
 */
export async function roundTrip(generation: Generation, source: string, work: string): Promise<RoundTrip> {
  const begin = performance.now();
  const target = join(work, "restored");
  const connector = (kind: string, path: string): StartConnectorOptions => ({
    executable: join(plugins, `tsfs-${kind}.mjs`),
    generation,
    location: `tsfs://${path}`,
    options: { maxConcurrency: CONCURRENCY },
  });
  const storage = connector("storage", join(work, "repository"));
  const importer = connector("importer", source);
  await mkdir(target);

  const total = await countEntries(importer);
  const { bytes, errors } = await backUp(importer, storage, total);
  errors.push(...(await restoreAll(connector("exporter", target), storage, source)));

  const root = process.getuid?.() === 0;
  const v1_1 = generation === "v1.1";
  const comparing = showProgress(`${generation} compare`, 0);
  const { compared, leftOut, differences } = await compareTrees(source, target, {
    fifos: v1_1,
    attributesOfTop: v1_1,
    owners: root,
  });
  comparing.end();
  const seconds = (performance.now() - begin) / 1000;
  return { generation, bytes, errors, compared, leftOut, differences, seconds };
}

/** A v1.1 host counts first, in a process of its own; for v1.0 it only gives the progress bar its end. */
async function countEntries(options: StartConnectorOptions): Promise<number> {
  const progress = showProgress(`${options.generation} count`, 0);
  const importer = await startImporter({ ...options, generation: "v1.1" });
  try {
    const { directories, files, symlinks, others, attributes } = await count(importer.client);
    return directories + files + symlinks + others + (options.generation === "v1.1" ? attributes : 0);
  } finally {
    await importer.stop();
    progress.end();
  }
}

async function backUp(
  importerOptions: StartConnectorOptions,
  storageOptions: StartConnectorOptions,
  total: number,
): Promise<{ bytes: number; errors: string[] }> {
  const storage = await startStorage(storageOptions);
  try {
    await createRepository(storage.client, Buffer.from("demo"));
    await openRepository(storage.client);
    const importer = await startImporter(importerOptions);
    const progress = showProgress(`${importerOptions.generation} back up and store`, total);
    try {
      const archive = new ArchiveWriter(storage.client, progress.advance);
      const { bytes } = await backup(importer.client, archive);
      await archive.finish();
      await storage.client.close();
      return { bytes, errors: archive.errors };
    } finally {
      progress.end();
      await importer.stop();
    }
  } finally {
    await storage.stop();
  }
}

/** @returns What could not be restored. */
async function restoreAll(
  exporterOptions: StartConnectorOptions,
  storageOptions: StartConnectorOptions,
  source: string,
): Promise<string[]> {
  const errors: string[] = [];
  // A process that has not seen the data being written: it must all be in the storage.
  const storage = await startStorage(storageOptions);
  try {
    await openRepository(storage.client);
    const entries = await readArchive(storage.client, source);
    const exporter = await startExporter(exporterOptions);
    const progress = showProgress(`${exporterOptions.generation} read back and restore`, entries.length);
    let restored = 0;
    try {
      await restore(exporter.client, entries, {
        onRestored: () => {
          progress.advance(++restored);
        },
        onError: (pathname, error) => {
          // Told by the comparison as left out: the wire has no numbers of devices.
          if (!error.message.includes("is not restorable")) errors.push(`${pathname}: ${error.message}`);
        },
      });
    } finally {
      progress.end();
      await exporter.stop();
    }
    await storage.client.close();
    return errors;
  } finally {
    await storage.stop();
  }
}
