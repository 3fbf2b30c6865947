import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Harness } from "../harness.js";

/** More than flow control lets through while nobody reads: 4 MiB of a stream, and what the plugin has buffered. */
export const HUGE_BYTES = 10 * 1024 * 1024;
/** What is larger takes too long. */
export const MAX_HUGE_BYTES = 64 * 1024 * 1024;

/** Puts files into an importer's source that it can not have sent before the host has read some of them. */
export async function writeHugeFiles(
  harness: Pick<Harness<"importer">, "seesDirectory" | "workspace">,
  count: number,
): Promise<void> {
  if (!harness.seesDirectory) return;
  for (let index = 0; index < count; index++) {
    const path = join(harness.workspace.directory, `huge-${index}`);
    await writeFile(path, "");
    // Without blocks: they take no room.
    await truncate(path, HUGE_BYTES);
  }
}
