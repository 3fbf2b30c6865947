import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { removeLeftovers } from "../fs/remove-leftovers.js";
import { isTemporaryName } from "../fs/temporary-name.js";
import { entriesOf } from "./directory-entries.js";
import type { Layout } from "./layout.js";

/**
 * Looks for what a create that was killed has left in a directory that is to be a
 * repository: nothing but empty folders of the layout. The unfinished files of
 * dead processes are removed.
 *
 * @param claim - The caller's own temporary file in the directory, if it has made
 * one. Whoever else has one there may be creating at this moment: the empty
 * folders are his.
 * @returns The folders, each behind those in it. None in an empty directory.
 * @throws Error when there is a repository already, or anything else.
 */
export async function foldersOfUnfinishedCreate(layout: Layout, claim?: string): Promise<readonly string[]> {
  const { root, config, kindFolders, spreadFolders, workFolders } = layout;
  const names = await readdir(root);
  if (names.includes(basename(config))) throw new Error(`there is a repository in ${root} already`);
  const own = new Set([...kindFolders, ...spreadFolders]);
  if (!names.every((name) => own.has(join(root, name)) || isTemporaryName(name))) throw notEmpty(root);
  for (const folder of workFolders) await removeLeftovers(folder);
  const folders: string[] = [];
  const pending = [root];
  let others = false;
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    for (const entry of await entriesOf(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && own.has(path)) {
        folders.push(path);
        pending.push(path);
      } else if (folder === root && entry.isFile() && isTemporaryName(entry.name)) {
        others ||= path !== claim;
      } else {
        throw notEmpty(root);
      }
    }
  }
  if (others && folders.length > 0) throw notEmpty(root);
  return folders.reverse();
}

/** What create answers when it may not take the directory. */
export function notEmpty(root: string): Error {
  return new Error(`directory ${root} is not empty`);
}
