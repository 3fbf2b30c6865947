import { randomUUID } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The folders of one check. */
export interface Workspace {
  /** Replaces `{directory}`. Empty at first. */
  readonly directory: string;
  /** The plugin's TMPDIR. Empty at first. */
  readonly temporary: string;
  /** The TMPDIR of the plugin's other executable, see `Companion`. Empty at first. */
  readonly companionTemporary: string;
  /** Replaces `{unique}`. */
  readonly unique: string;
  /** Removes all folders. */
  remove(): Promise<void>;
}

/** Creates the folders of one check. */
export async function makeWorkspace(): Promise<Workspace> {
  const top = await mkdtemp(join(tmpdir(), "kloset-conformance-"));
  const directory = join(top, "directory");
  const temporary = join(top, "tmp");
  const companionTemporary = join(top, "companion-tmp");
  for (const folder of [directory, temporary, companionTemporary]) await mkdir(folder);
  return { directory, temporary, companionTemporary, unique: randomUUID(), remove: () => removeTree(top) };
}

/** Removes a tree whose files and folders may be read-only: an exporter restores permissions. */
async function removeTree(top: string): Promise<void> {
  try {
    await rm(top, { recursive: true, force: true });
  } catch {
    await makeWritable(top);
    await rm(top, { recursive: true, force: true });
  }
}

async function makeWritable(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}
