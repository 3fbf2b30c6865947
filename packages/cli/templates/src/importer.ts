import { createReadStream } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { isAbsolute, join, posix } from "node:path";
import {
  defineImporter,
  entry,
  fileInfoFromStats,
  isDirectory,
  isRegularFile,
  isSymlink,
  LocationFlag,
  pathOfLocation,
  type Entry,
  type RecordEntry,
} from "@kloset/sdk";
import { option } from "@kloset/sdk/config";

/** Backs up a folder: `my-plugin:///home/me/notes`. */
export default defineImporter({
  config: {
    hidden: option.boolean({ default: true, description: "Back up names that start with a dot." }),
  },
  async connect({ config, location, options, protocol }) {
    const folder = pathOfLocation(location, protocol);
    // Fails here rather than in the scan: a backup of nothing must not look like a success.
    if (!isAbsolute(folder) || !(await stat(folder)).isDirectory()) {
      throw new Error(`location ${JSON.stringify(location)}: expected the absolute path of a folder`);
    }

    const recordOf = async (pathname: string): Promise<RecordEntry> => {
      const path = join(folder, pathname);
      // Plakar reads a file again if its fileInfo has changed since the last snapshot.
      const fileInfo = fileInfoFromStats(await lstat(path, { bigint: true }));
      if (isSymlink(fileInfo.mode)) return { pathname, fileInfo, target: await targetOf(path) };
      if (!isRegularFile(fileInfo.mode)) return { pathname, fileInfo };
      return { pathname, fileInfo, read: ({ signal }) => createReadStream(path, { signal }) };
    };

    return {
      origin: () => options.hostname,
      type: () => "my-plugin",
      root: () => "/",
      flags: () => LocationFlag.LOCALFS,
      async *scan({ signal }): AsyncGenerator<Entry> {
        const folders = ["/"];
        yield await recordOf("/");
        for (let parent = folders.pop(); parent !== undefined; parent = folders.pop()) {
          signal.throwIfAborted();
          const names = await readdir(join(folder, parent)).catch((error: unknown) => error as Error);
          if (names instanceof Error) {
            // An error of this entry alone: the scan goes on.
            yield { pathname: parent, error: names };
            continue;
          }
          for (const name of names) {
            if (!config.hidden && name.startsWith(".")) continue;
            const pathname = posix.join(parent, name);
            const found = await entry(pathname, () => recordOf(pathname));
            if (found.fileInfo !== undefined && isDirectory(found.fileInfo.mode)) folders.push(pathname);
            yield found;
          }
        }
      },
      close: () => undefined,
    };
  },
});

/** Reads a symbolic link. A target that is not UTF-8 is an error: decoded with replacement characters, it would differ. */
async function targetOf(path: string): Promise<string> {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
    await readlink(path, { encoding: "buffer" }),
  );
}
