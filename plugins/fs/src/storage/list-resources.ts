import { stat } from "node:fs/promises";
import { Mac, type ResourceKind } from "@kloset/sdk";
import { hasCode } from "../fs/errors.js";
import { entriesOf, type ReadEntries } from "./directory-entries.js";
import type { Layout } from "./layout.js";

const RESOURCE_NAME = /^[0-9a-f]{64}$/;

/**
 * Lists the resources of a kind. Names that are no MAC, and those in a folder
 * that is not theirs, are left out.
 *
 * @param read - For tests.
 * @throws What the system says of a folder that can not be read; a missing one of
 * the 256 is empty, but without the folder of the kind the repository is damaged.
 * Error that names this folder when it goes meanwhile: what is missing then would
 * read as deleted.
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
  // Moved or unmounted half-way, each folder of it that was still to come was missing, which is no error.
  const after = await stat(kindFolder, { bigint: true });
  if (after.dev !== before.dev || after.ino !== before.ino) {
    throw new Error(`another directory has taken the place of '${kindFolder}' while it was listed`);
  }
}
