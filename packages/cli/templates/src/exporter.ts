import { randomUUID } from "node:crypto";
import { chmod, lchown, link, lstat, lutimes, mkdir, realpath, rename, rm, symlink } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import {
  defineExporter,
  fileModeToPosix,
  LocationFlag,
  parentsOf,
  pathOfLocation,
  resolveBelow,
  saveTo,
} from "@kloset/sdk";
import { option } from "@kloset/sdk/config";

/** Restores to a folder: `my-plugin:///home/me/restored`. */
export default defineExporter({
  config: {
    owner: option.boolean({ default: false, description: "Restore owners and groups. Only root can." }),
  },
  async connect({ config, location, protocol }) {
    const path = pathOfLocation(location, protocol);
    if (!isAbsolute(path)) {
      throw new Error(`location ${JSON.stringify(location)}: expected the absolute path of a folder`);
    }
    await mkdir(path, { recursive: true });
    const folder = await realpath(path);

    /** Returns the path of an entry. A snapshot may contain a link to another folder: nothing is written through it. */
    const pathOf = async (pathname: string): Promise<string> => {
      const target = resolveBelow(folder, pathname);
      const parent = dirname(target);
      if (target !== folder && (await realpath(parent)) !== parent) {
        throw new Error(`${JSON.stringify(pathname)}: a symbolic link leads out of its folder`);
      }
      return target;
    };

    /** Creates an entry under another name and renames it, so that an existing one stays if that fails. */
    const replace = async (target: string, create: (temporary: string) => Promise<void>): Promise<void> => {
      const temporary = join(dirname(target), `.my-plugin-${randomUUID()}`);
      try {
        await create(temporary);
        await rename(temporary, target);
      } finally {
        // Still there if the renaming failed, or if both names are links to one file: rename then does nothing.
        await rm(temporary, { force: true });
      }
    };

    return {
      root: () => folder,
      type: () => "my-plugin",
      flags: () => LocationFlag.LOCALFS,
      async createDirectory(pathname) {
        // One by one: at once, Node would follow a link on the way.
        for (const each of [...parentsOf(pathname), pathname]) await mkdir(await pathOf(each), { recursive: true });
      },
      async storeFile(pathname, data, _size, { signal }) {
        await saveTo(data, await pathOf(pathname), { sync: false, signal });
      },
      async setPermissions(pathname, fileInfo) {
        const target = await pathOf(pathname);
        if (config.owner) await lchown(target, fileInfo.uid, fileInfo.gid);
        const isLink = (await lstat(target)).isSymbolicLink();
        if (!isLink) await chmod(target, fileModeToPosix(fileInfo.mode) & 0o7777);
        await lutimes(target, secondsOf(fileInfo.modTime), secondsOf(fileInfo.modTime));
      },
      async createLink(oldname, newname, kind) {
        const target = await pathOf(newname);
        const existing = kind === "hard" ? await pathOf(oldname) : oldname;
        await replace(target, (temporary) =>
          kind === "hard" ? link(existing, temporary) : symlink(existing, temporary),
        );
      },
      close: () => undefined,
    };
  },
});

/** Returns a time in seconds, exact to a microsecond. As a text: Node takes a negative number for "now". */
function secondsOf(nanoseconds: bigint): string {
  // Half a microsecond more, because a number of seconds is cut to microseconds.
  return String(Number(nanoseconds / 1000n) / 1e6 + (nanoseconds < 0n ? -0.5e-6 : 0.5e-6));
}
