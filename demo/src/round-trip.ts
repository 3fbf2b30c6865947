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
  type RestoreEntry,
  type StartConnectorOptions,
} from "@kloset/host";
import { fileTypeOf, parentsOf } from "@kloset/model";
import { ArchiveWriter, readArchive } from "./archive.js";
import { compareTrees, type AttributesOf, type Comparison } from "./compare.js";
import { executableOf, withConnector, type ConnectorKind } from "./connectors.js";
import type { ShowProgress } from "./progress.js";

/** The folder of the built plugin, which holds its executables. */
export const pluginFolder = fileURLToPath(new URL("../../plugins/fs/dist/", import.meta.url));

/** Options of a round trip. */
export interface RoundTripOptions {
  /** The result of {@link countSource}, for progress bars. */
  readonly counted: CountedSource;
  readonly progress: ShowProgress;
  /** Reads extended attributes, to compare them on v1.1; v1.0 has none. Default: they are not compared. */
  readonly extendedAttributes?: AttributesOf | undefined;
  /** Aborts the round trip: the plugins are killed. */
  readonly signal?: AbortSignal | undefined;
}

/** The size of a folder. */
export interface CountedSource {
  /** Number of entries, including the folder itself. */
  readonly entries: number;
  /** Number of records of a scan: entries, parents of the folder, extended attributes and errors. */
  readonly records: number;
  readonly attributes: number;
  /** Total size of the files. */
  readonly bytes: number;
}

/** The result of a round trip. */
export interface RoundTrip extends Comparison {
  readonly generation: Generation;
  /** Number of content bytes that were read and written. */
  readonly bytes: number;
  /** Entries that could not be backed up or restored, with the reason. */
  readonly errors: readonly string[];
  readonly seconds: number;
}

/** Number of records that are processed concurrently. */
const CONCURRENCY = 4;

/** Returns the folder of the restored files in the working folder of a round trip. */
export function resultIn(work: string): string {
  return join(work, "restored");
}

/**
 * Counts the entries of a folder in a separate process, as a v1.1 host does before a
 * backup. v1.0 hosts do not count.
 *
 * @param source - Absolute, no symbolic link.
 */
export async function countSource(source: string, signal?: AbortSignal): Promise<CountedSource> {
  const importer = connector("v1.1", "importer", source);
  const found = await withConnector(
    () => startImporter(importer),
    (client) => count(client),
    signal,
  );
  const { directories, files, symlinks, others, attributes, errors, bytes } = found;
  const entries = directories + files + symlinks + others;
  return { entries: entries - parentsOf(source).length, records: entries + attributes + errors, attributes, bytes };
}

/**
 * Backs up a folder to a storage, restores it and compares both. Runs real plugin
 * processes, driven as by a host of the generation.
 *
 * @param source - Absolute, no symbolic link. Nothing in it is changed.
 * @param work - An empty folder for the storage and the result, outside of the source.
 */
export async function roundTrip(
  generation: Generation,
  source: string,
  work: string,
  options: RoundTripOptions,
): Promise<RoundTrip> {
  const begin = performance.now();
  const result = resultIn(work);
  const storage = connector(generation, "storage", join(work, "repository"));
  await mkdir(result);

  const backedUp = await backUp(connector(generation, "importer", source), storage, options);
  const errors = await restoreAll(connector(generation, "exporter", result), storage, source, options);
  const comparison = await compare(generation, source, result, options);
  const seconds = (performance.now() - begin) / 1000;
  return { generation, bytes: backedUp.bytes, errors: [...backedUp.errors, ...errors], ...comparison, seconds };
}

function connector(generation: Generation, kind: ConnectorKind, path: string): StartConnectorOptions {
  return {
    executable: executableOf(pluginFolder, kind),
    generation,
    location: `tsfs://${path}`,
    options: { maxConcurrency: CONCURRENCY },
  };
}

async function backUp(
  importer: StartConnectorOptions,
  storage: StartConnectorOptions,
  { counted, progress, signal }: RoundTripOptions,
): Promise<{ bytes: number; errors: readonly string[] }> {
  const total = counted.records - (importer.generation === "v1.1" ? 0 : counted.attributes);
  return await withConnector(
    () => startStorage(storage),
    async (store) => {
      await createRepository(store, Buffer.from("demo"));
      await openRepository(store);
      const step = progress(`${importer.generation} back up and store`, total);
      const archive = new ArchiveWriter(store, step.advance);
      try {
        const { bytes } = await withConnector(
          () => startImporter(importer),
          (client) => backup(client, archive),
          signal,
        );
        await archive.finish();
        await store.close();
        return { bytes, errors: archive.errors };
      } finally {
        step.end();
      }
    },
    signal,
  );
}

/** @returns The entries that could not be restored, with the reason. */
async function restoreAll(
  exporter: StartConnectorOptions,
  storage: StartConnectorOptions,
  source: string,
  { progress, signal }: RoundTripOptions,
): Promise<string[]> {
  // A new process, which has no data of the backup in memory.
  return await withConnector(
    () => startStorage(storage),
    async (store) => {
      await openRepository(store);
      const entries = await readArchive(store, source);
      // The comparison reports these as left out.
      const unrestorable = new Set(entries.filter(isUnrestorable).map(({ pathname }) => pathname));
      const errors: string[] = [];
      let done = 0;
      const step = progress(`${exporter.generation} read back and restore`, entries.length);
      const onRestored = (): void => {
        step.advance(++done);
      };
      const onError = (pathname: string, error: Error): void => {
        step.advance(++done);
        if (!unrestorable.has(pathname)) errors.push(`${JSON.stringify(pathname)}: ${error.message}`);
      };
      try {
        await withConnector(
          () => startExporter(exporter),
          (client) => restore(client, entries, { onRestored, onError }),
          signal,
        );
      } finally {
        step.end();
      }
      await store.close();
      return errors;
    },
    signal,
  );
}

/** Returns true for devices and sockets: the protocol has no device numbers, and a socket needs its process. */
function isUnrestorable({ fileInfo }: RestoreEntry): boolean {
  return fileInfo !== undefined && !["file", "directory", "symlink", "fifo"].includes(fileTypeOf(fileInfo.mode));
}

async function compare(
  generation: Generation,
  source: string,
  result: string,
  { counted, progress, extendedAttributes, signal }: RoundTripOptions,
): Promise<Comparison> {
  const isV1_1 = generation === "v1.1";
  const expected = {
    fifos: isV1_1,
    attributesOfTop: isV1_1,
    owners: process.getuid?.() === 0,
    ...(isV1_1 && { extendedAttributes }),
  };
  const step = progress(`${generation} compare`, counted.entries);
  try {
    return await compareTrees(source, result, expected, { onEntry: step.advance, signal });
  } finally {
    step.end();
  }
}
