import { createReadStream } from "node:fs";
import { lstat, opendir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { RestoreEntry } from "@kloset/host";
import { fileInfoFromStats } from "@kloset/model";
import { UsageError } from "../exit-code.js";

/**
 * Yields a folder and everything below it as entries to restore, parents first. Their content is read when the exporter
 * takes it. Names of accounts and extended attributes are left out.
 *
 * @throws UsageError if the folder does not exist or is not a directory; RangeError for a name that is not UTF-8.
 */
export async function* folderEntries(folder: string): AsyncGenerator<RestoreEntry, void, undefined> {
  const stats = await lstat(folder, { bigint: true }).catch((error: unknown) => {
    throw new UsageError(`cannot read the folder ${JSON.stringify(folder)}: ${(error as Error).message}`, {
      cause: error,
    });
  });
  if (!stats.isDirectory()) throw new UsageError(`${JSON.stringify(folder)} is not a directory`);
  yield* entriesAt(folder, "/");
}

async function* entriesAt(path: string, pathname: string): AsyncGenerator<RestoreEntry, void, undefined> {
  const stats = await lstat(path, { bigint: true });
  const name = pathname === "/" ? "/" : pathname.slice(pathname.lastIndexOf("/") + 1);
  const entry = { pathname, fileInfo: fileInfoFromStats(stats, { name }) };
  if (stats.isSymbolicLink()) {
    yield { ...entry, target: await readlink(path) };
  } else if (stats.isFile()) {
    yield { ...entry, read: ({ signal }) => createReadStream(path, { signal }) };
  } else {
    yield entry;
  }
  if (!stats.isDirectory()) return;
  for await (const { name: child } of await opendir(path)) {
    if (child.includes("\uFFFD")) throw new RangeError(`${JSON.stringify(join(path, child))}: the name is not UTF-8`);
    yield* entriesAt(join(path, child), pathname === "/" ? `/${child}` : `${pathname}/${child}`);
  }
}
