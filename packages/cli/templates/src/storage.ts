import { access, mkdir, open, readdir, readFile, unlink } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { defineStorage, LocationFlag, Mac, pathOfLocation, saveTo, StoreMode } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";

const KINDS = ["packfile", "state", "lock", "ecc-packfile", "ecc-state"];

/** Keeps repositories in folders: `my-plugin:///home/me/repository`. */
export default defineStorage({
  config: {
    sync: option.boolean({ default: true, description: "Write each resource to the disk before it counts as stored." }),
  },
  connect({ config, location, protocol }) {
    const folder = pathOfLocation(location, protocol);
    if (!isAbsolute(folder)) {
      throw new Error(`location ${JSON.stringify(location)}: expected the absolute path of a folder`);
    }
    const configuration = join(folder, "CONFIG");
    const pathOf = (kind: string, mac: Mac): string => join(folder, kind, mac.hex);

    return {
      location: () => location,
      type: () => "my-plugin",
      flags: () => LocationFlag.LOCALFS,
      mode: () => StoreMode.READ | StoreMode.WRITE,
      size: () => -1,
      async create(bytes) {
        if (await exists(configuration)) throw new Error(`${folder} contains a repository already`);
        for (const kind of KINDS) await mkdir(join(folder, kind), { recursive: true, mode: 0o700 });
        // Last: with its configuration, the repository is complete.
        await saveTo(once(bytes), configuration, { sync: config.sync });
      },
      open: () => readFile(configuration),
      async list(kind) {
        const names = await readdir(join(folder, kind));
        // saveTo writes to a file whose name starts with a dot, and renames it.
        return names.filter((name) => !name.startsWith(".")).map((name) => Mac.fromHex(name));
      },
      put: (kind, mac, data, { signal }) => saveTo(data, pathOf(kind, mac), { sync: config.sync, signal }),
      async get(kind, mac, { range }) {
        if (range?.length === 0) return new Uint8Array(0);
        const file = await open(pathOf(kind, mac));
        return file.createReadStream(range && { start: range.offset, end: range.offset + range.length - 1 });
      },
      delete: (kind, mac) => unlink(pathOf(kind, mac)),
      close: () => undefined,
    };
  },
});

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    },
  );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
