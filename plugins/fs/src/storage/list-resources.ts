import { stat } from "node:fs/promises";
import { Mac, type ResourceKind } from "@kloset/sdk";
import { hasCode } from "../fs/errors.js";
import { entriesOf, type ReadEntries } from "./directory-entries.js";
import type { Layout } from "./layout.js";

const RESOURCE_NAME = /^[0-9a-f]{64}$/;

/**
 * Lists the resources of a kind. Leaves out names that are not a MAC, and files in
 * the wrong folder.
 *
 * @param read - Replaced in tests.
 * @throws The system's error for a folder that cannot be read. A missing one of the
 * 256 subfolders counts as empty, but if the folder of the kind is missing, the
 * repository is damaged. Error that names this folder if it is moved or replaced
 * during the listing: its resources would otherwise look deleted.
 */
export async function* listResources(layout: Layout, kind: ResourceKind, read?: ReadEntries): AsyncGenerator<Mac> {
  const { kindFolder, folders } = layout.foldersOf(kind);
  const before = await stat(kindFolder, { bigint: true });
  for (const { path, prefix } of folders) {
    const entries = await entriesOf(path, read).catch((error: unknown) => {
      if (hasCode(error, "ENOENT")) return [];
      throw error;
    });
    for (const entry of entries) {
      if (!entry.isFile() || !entry.name.startsWith(prefix) || !RESOURCE_NAME.test(entry.name)) continue;
      yield Mac.fromHex(entry.name);
    }
  }
  // If it was moved or unmounted during the listing, the remaining subfolders were missing, which is no error above.
  const after = await stat(kindFolder, { bigint: true });
  if (after.dev !== before.dev || after.ino !== before.ino) {
    throw new Error(`'${kindFolder}' was replaced by another directory while it was listed`);
  }
}
