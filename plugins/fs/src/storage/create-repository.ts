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
 * Makes a repository in a directory that is missing, empty, or contains only the
 * leftovers of a create that was killed. If it fails, as on a full disk, it leaves
 * the directory empty, so that the next attempt can succeed.
 *
 * If several processes create at the same time, the one that makes the first
 * folder succeeds. Its temporary file in the directory shows the others that the
 * empty folders belong to a running create.
 *
 * @throws Error if the directory contains a repository or anything else.
 */
export async function createRepository(layout: Layout, config: Uint8Array): Promise<void> {
  const { root } = layout;
  const highest = await makePath(root, OWNER_ALL);
  // Check before writing, so that a directory that cannot be used stays unchanged.
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

/** @param highest - The topmost directory that was made: the repository or a parent of it. */
async function make(layout: Layout, config: Uint8Array, highest: string | undefined): Promise<void> {
  const { root } = layout;
  const made: string[] = [];
  let finished = false;
  try {
    await makeFolders(layout, made);
    for (let above = root; highest !== undefined && above.length >= highest.length; above = dirname(above)) {
      await syncDirectory(dirname(above));
    }
    // Written last, because its presence means that the repository is complete.
    await replaceFile({
      target: layout.config,
      temporary: join(root, temporaryName()),
      data: once(config),
      sync: true,
    });
    finished = true;
    await syncDirectory(root);
  } catch (error) {
    // With the configuration, the directory would be a valid repository although create has failed.
    if (finished) await unlink(layout.config).catch(() => undefined);
    // rmdir removes empty directories only, so files that another process has added stay.
    for (const folder of made.reverse()) await rmdir(folder).catch(() => undefined);
    throw error;
  }
}

/** @param made - Receives every folder that is made. */
async function makeFolders({ root, kindFolders, spreadFolders }: Layout, made: string[]): Promise<void> {
  for (const folder of kindFolders) {
    await mkdir(folder, { mode: OWNER_ALL }).catch((error: unknown) => {
      // Another process is creating a repository here.
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
