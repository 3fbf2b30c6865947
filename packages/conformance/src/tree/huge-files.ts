import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Harness } from "../harness.js";
import type { ConnectorKind } from "../subject.js";
import { fileEntry, parentEntries } from "./restore-entries.js";
import { seedEntries } from "./seed.js";

/** More than the plugin can send before the host reads: the 4 MiB window of a stream, plus the plugin's own buffers. */
export const HUGE_BYTES = 10 * 1024 * 1024;
/** Larger files would take too long. */
export const MAX_HUGE_BYTES = 64 * 1024 * 1024;

/** Adds files to an importer's source that cannot be sent completely before the host reads them. */
export async function writeHugeFiles(harness: Harness<ConnectorKind>, count: number): Promise<void> {
  const { seed } = harness.subject;
  if (seed !== undefined) {
    // One can be opened again, and a remote service may be slow.
    await seedEntries(harness, seed, [...parentEntries("/huge"), fileEntry("/huge", HUGE_BYTES)]);
    return;
  }
  if (!harness.seesDirectory) return;
  for (let index = 0; index < count; index++) {
    const path = join(harness.workspace.directory, `huge-${index}`);
    await writeFile(path, "");
    // Sparse, so that it needs no disk space.
    await truncate(path, HUGE_BYTES);
  }
}
