import { link, lstat, rename, symlink, unlink } from "node:fs/promises";
import { hasCode, systemError, withoutAlias } from "../fs/errors.js";
import { temporaryName } from "../fs/temporary-name.js";
import type { Directory } from "./directories.js";

/**
 * Makes a symbolic link. Replaces an existing entry unless it is a directory.
 *
 * @param target - Stored unchanged, wherever it leads.
 * @param path - The link's path that the user knows, for messages.
 */
export async function makeSymlink(target: string, directory: Directory, name: string, path: string): Promise<void> {
  await makeOrReplace(directory, name, path, (at) => symlink(target, at));
}

/**
 * Makes a hard link to a regular file. Replaces an existing entry unless it is a
 * directory.
 *
 * @param existing - Must be a regular file: some systems would follow a symbolic link.
 */
export async function makeHardLink(
  existing: { directory: Directory; name: string; path: string },
  directory: Directory,
  name: string,
  path: string,
): Promise<void> {
  const from = existing.directory.at(existing.name);
  if (!(await lstat(from)).isFile()) {
    throw systemError("EINVAL", `cannot make a hard link to '${existing.path}', which is not a regular file`, path);
  }
  await makeOrReplace(directory, name, path, (at) => link(from, at));
}

/** Renames an entry from its temporary name. Replaces an existing entry unless it is a directory. */
export async function moveOver(directory: Directory, temporary: string, name: string, path: string): Promise<void> {
  const from = directory.at(temporary);
  try {
    await rename(from, directory.at(name));
  } catch (error) {
    await unlink(from).catch(() => undefined);
    throw withoutAlias(error, from, path);
  }
  // If both names are links to one inode, rename(2) succeeds without doing anything.
  await unlink(from).catch((error: unknown) => {
    if (!hasCode(error, "ENOENT")) throw withoutAlias(error, from, path);
  });
}

async function makeOrReplace(
  directory: Directory,
  name: string,
  path: string,
  make: (at: string) => Promise<void>,
): Promise<void> {
  try {
    await make(directory.at(name));
    return;
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
  const temporary = temporaryName();
  try {
    await make(directory.at(temporary));
  } catch (error) {
    throw withoutAlias(error, directory.at(temporary), path);
  }
  await moveOver(directory, temporary, name, path);
}
