import { createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { fileInfoFromStats, parentsOf, pathOfLocation, type ConnectorContext, type Entry } from "@kloset/model";
import type { Importer } from "@kloset/importer";

/** Creates an importer of the folder that its location names. */
export function folderImporter({ location, protocol }: ConnectorContext): Importer {
  const root = pathOfLocation(location, protocol);
  return {
    origin: () => "here",
    type: () => "folder",
    root: () => root,
    async *scan() {
      for (const parent of parentsOf(root)) yield await entryOf(parent);
      yield* tree(root);
    },
    open: ({ pathname }) => createReadStream(pathname),
    close: () => undefined,
  };
}

async function* tree(pathname: string): AsyncGenerator<Entry> {
  let names: string[] = [];
  try {
    const entry = await entryOf(pathname);
    yield entry;
    if ((await lstat(pathname)).isDirectory()) names = await readdir(pathname);
  } catch (error) {
    yield { pathname, error: error as Error };
  }
  for (const name of names.sort()) yield* tree(join(pathname, name));
}

async function entryOf(pathname: string): Promise<Entry> {
  const stats = await lstat(pathname, { bigint: true });
  const target = stats.isSymbolicLink() ? await readlink(pathname) : "";
  return { pathname, fileInfo: fileInfoFromStats(stats), target };
}
