import { constants, type BigIntStats } from "node:fs";
import { open } from "node:fs/promises";
import { link, lstat, rename, symlink, unlink } from "../fs/calls.js";
import { hasCode, systemError, withoutAlias } from "../fs/errors.js";
import { replaceFile } from "../fs/replace-file.js";
import { temporaryName } from "../fs/temporary-name.js";
import type { Directory } from "./directories.js";
import { isRefusal } from "./refusals.js";

/**
 * Makes a symbolic link. Replaces an existing entry unless it is a directory.
 *
 * @param target - Stored unchanged, wherever it leads.
 * @param path - The link's path that the user knows, for messages.
 */
export async function makeSymlink(target: string, directory: Directory, name: string, path: string): Promise<void> {
  await makeOrReplace(directory, name, path, (at) => symlink(target, at));
}

/** A regular file that gets another name. */
interface Existing {
  readonly directory: Directory;
  readonly name: string;
  /** The path that the user knows, for messages. */
  readonly path: string;
}

/** A copy that was made because the target refused a hard link. */
export interface Copy {
  readonly refusal: unknown;
  /** The attributes of the file that was copied. */
  readonly stats: BigIntStats;
}

/**
 * Makes a hard link to a regular file, or a copy of it if the target refuses the
 * link. Replaces an existing entry unless it is a directory.
 *
 * @param existing - Must be a regular file: some systems would follow a symbolic link.
 * @param sparse - Writes holes in place of blocks of zeros of a copy.
 * @returns undefined for a link. A copy is accessible to the owner only.
 */
export async function makeHardLink(
  existing: Existing,
  directory: Directory,
  name: string,
  path: string,
  sparse: boolean,
): Promise<Copy | undefined> {
  const from = existing.directory.at(existing.name);
  if (!(await lstat(from)).isFile()) {
    throw systemError("EINVAL", `cannot make a hard link to '${existing.path}', which is not a regular file`, path);
  }
  try {
    await makeOrReplace(directory, name, path, (at) => link(from, at));
    return undefined;
  } catch (error) {
    if (!isRefusal(error) && !hasCode(error, "EMLINK", "EXDEV")) throw error;
    return { refusal: error, stats: await copy(existing, directory.at(name), directory.at(temporaryName()), sparse) };
  }
}

async function copy(existing: Existing, target: string, temporary: string, sparse: boolean): Promise<BigIntStats> {
  const from = existing.directory.at(existing.name);
  // Without O_NONBLOCK, opening a FIFO that has replaced the file would wait for the other end.
  const handle = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw systemError("EINVAL", "not a regular file", existing.path);
    const data = handle.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>;
    await replaceFile({ target, temporary, data, sparse });
    return stats;
  } finally {
    await handle.close();
  }
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
