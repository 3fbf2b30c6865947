import { mkdir, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defineStorage, Mac, pathOfLocation, saveTo, StoreMode, type ResourceKind } from "@kloset/sdk";

const KINDS: readonly ResourceKind[] = ["packfile", "state", "lock"];

export default defineStorage({
  connect({ location }) {
    const folder = pathOfLocation(location, "folder");
    const pathOf = (kind: ResourceKind, mac: Mac): string => join(folder, kind, mac.hex);
    return {
      location: () => location,
      mode: () => StoreMode.READ | StoreMode.WRITE,
      size: () => -1,
      async create(config) {
        for (const kind of KINDS) await mkdir(join(folder, kind), { recursive: true });
        // Fails if there is a repository.
        await writeFile(join(folder, "CONFIG"), config, { flag: "wx" });
      },
      open: () => readFile(join(folder, "CONFIG")),
      async *list(kind) {
        for (const name of await readdir(join(folder, kind))) {
          if (/^[0-9a-f]{64}$/.test(name)) yield Mac.fromHex(name);
        }
      },
      async put(kind, mac, data, { signal }) {
        // Replaces an existing resource atomically: other processes list and read meanwhile.
        await saveTo(data, pathOf(kind, mac), { signal });
      },
      async get(kind, mac, { range, signal }) {
        const handle = await open(pathOf(kind, mac));
        // The end is inclusive.
        const part = range === undefined ? {} : { start: range.offset, end: range.offset + range.length - 1 };
        return handle.createReadStream({ ...part, signal });
      },
      delete: (kind, mac) => rm(pathOf(kind, mac)),
      close: () => undefined,
    };
  },
});
