import { mkdir, readdir, rmdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode } from "../fs/errors.js";
import { makePath } from "../fs/make-path.js";
import { replaceFile } from "../fs/replace-file.js";
import { temporaryName } from "../fs/temporary-name.js";
import { OWNER_ALL, type Layout } from "./layout.js";
import { syncDirectory } from "./sync-directory.js";

/**
 * Makes a repository in a directory that is missing or empty. When it fails, as
 * on a full disk, the directory is empty again: the next attempt would not take
 * it otherwise.
 *
 * @throws Error when there is a repository already, or anything else.
 */
export async function createRepository(layout: Layout, config: Uint8Array): Promise<void> {
  const { root } = layout;
  const highest = await makePath(root, OWNER_ALL);
  const names = await readdir(root);
  if (names.includes("CONFIG")) throw new Error(`there is a repository in ${root} already`);
  if (names.length > 0) throw notEmpty(root);
  const made: string[] = [];
  let finished = false;
  try {
    await makeFolders(layout, made);
    for (let above = root; highest !== undefined && above.length >= highest.length; above = dirname(above)) {
      await syncDirectory(dirname(above));
    }
    // Last: it says that all the rest is there.
    await replaceFile({ target: layout.config, temporary: join(root, temporaryName()), data: once(config), sync: true });
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

function notEmpty(root: string): Error {
  return new Error(`directory ${root} is not empty`);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
