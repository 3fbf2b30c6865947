import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { removeLeftovers } from "../fs/remove-leftovers.js";
import { isTemporaryName } from "../fs/temporary-name.js";
import { entriesOf } from "./directory-entries.js";
import type { Layout } from "./layout.js";

/**
 * Finds the leftovers of a create that was killed: empty folders of the layout and
 * nothing else. Removes the unfinished files of dead processes.
 *
 * @param claim - The caller's own temporary file in the directory, if it has one.
 * Any other temporary file may belong to a running create, which then owns the
 * empty folders.
 * @returns The folders, subfolders first. Empty for an empty directory.
 * @throws Error if the directory contains a repository or anything else.
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

/** Makes the error of a create in a directory that is in use. */
export function notEmpty(root: string): Error {
  return new Error(`directory ${root} is not empty`);
}
