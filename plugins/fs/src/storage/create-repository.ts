import { mkdir, rmdir, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode, withoutAlias } from "../fs/errors.js";
import { makePath } from "../fs/make-path.js";
import { replaceFile } from "../fs/replace-file.js";
import { temporaryName } from "../fs/temporary-name.js";
import { OWNER_ALL, type Layout } from "./layout.js";
import { syncDirectory } from "./sync-directory.js";
import { foldersOfUnfinishedCreate, notEmpty } from "./unfinished-create.js";

/**
 * Makes a repository in a directory that is missing or empty, or holds what a
 * create that was killed has left. When it fails, as on a full disk, the directory
 * is empty again: the next attempt must be possible.
 *
 * Of several that create at the same time one succeeds: who makes the first
 * folder. An unfinished file in the directory tells the others meanwhile that the
 * empty folders are not left by a dead one.
 *
 * @throws Error when there is a repository already, or anything else.
 */
export async function createRepository(layout: Layout, config: Uint8Array): Promise<void> {
  const { root } = layout;
  const highest = await makePath(root, OWNER_ALL);
  // First without a trace: what can not be a repository is left as it is.
  await foldersOfUnfinishedCreate(layout);
  const claim = join(root, temporaryName());
  try {
    await writeFile(claim, "", { flag: "wx", mode: 0o600 });
  } catch (error) {
    throw withoutAlias(error, claim, layout.config);
  }
  try {
    for (const folder of await foldersOfUnfinishedCreate(layout, claim)) await rmdir(folder);
    await make(layout, config, highest);
  } finally {
    await unlink(claim).catch(() => undefined);
  }
}

/** @param highest - The highest directory above the repository, or itself, that was made for it. */
async function make(layout: Layout, config: Uint8Array, highest: string | undefined): Promise<void> {
  const { root } = layout;
  const made: string[] = [];
  let finished = false;
  try {
    await makeFolders(layout, made);
    for (let above = root; highest !== undefined && above.length >= highest.length; above = dirname(above)) {
      await syncDirectory(dirname(above));
    }
    // Last: it says that all the rest is there.
    await replaceFile({
      target: layout.config,
      temporary: join(root, temporaryName()),
      data: once(config),
      sync: true,
    });
    finished = true;
    await syncDirectory(root);
  } catch (error) {
    // With it this would be a repository, of which the user was told that there is none.
    if (finished) await unlink(layout.config).catch(() => undefined);
    // What somebody has put something into meanwhile stays: this removes nothing but empty directories.
    for (const folder of made.reverse()) await rmdir(folder).catch(() => undefined);
    throw error;
  }
}

/** @param made - Takes every folder that is made. */
async function makeFolders({ root, kindFolders, spreadFolders }: Layout, made: string[]): Promise<void> {
  for (const folder of kindFolders) {
    await mkdir(folder, { mode: OWNER_ALL }).catch((error: unknown) => {
      // Another process was faster: there must be one that creates.
      throw hasCode(error, "EEXIST") ? notEmpty(root) : error;
    });
    made.push(folder);
  }
  for (const folder of spreadFolders) {
    await mkdir(folder, { mode: OWNER_ALL });
    made.push(folder);
  }
  for (const folder of kindFolders) await syncDirectory(folder);
  await syncDirectory(root);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
