import { randomUUID } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The folders that one check has for itself. */
export interface Ground {
  /** What `{directory}` stands for: empty at first. */
  readonly directory: string;
  /** What the plugin finds in TMPDIR: empty at first. */
  readonly temporary: string;
  /** What `{unique}` stands for. */
  readonly unique: string;
  /** Removes everything. */
  remove(): Promise<void>;
}

/** Makes the folders of one check. */
export async function makeGround(): Promise<Ground> {
  const top = await mkdtemp(join(tmpdir(), "kloset-conformance-"));
  const directory = join(top, "directory");
  const temporary = join(top, "tmp");
  await mkdir(directory);
  await mkdir(temporary);
  return { directory, temporary, unique: randomUUID(), remove: () => removeTree(top) };
}

/** What was restored may be read-only, folders too. */
async function removeTree(top: string): Promise<void> {
  try {
    await rm(top, { recursive: true, force: true });
  } catch {
    await openFolders(top);
    await rm(top, { recursive: true, force: true });
  }
}

async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(folder, entry.name));
  }
}
