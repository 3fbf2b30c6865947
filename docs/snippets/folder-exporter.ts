import { chmod, lutimes, mkdir } from "node:fs/promises";
import { defineExporter, fileModeToPosix, pathOfLocation, resolveBelow, saveTo } from "@kloset/sdk";

export default defineExporter({
  connect({ location }) {
    const folder = pathOfLocation(location, "folder");
    return {
      root: () => "/",
      async createDirectory(pathname) {
        await mkdir(resolveBelow(folder, pathname), { recursive: true });
      },
      async storeFile(pathname, data, _size, { signal }) {
        // The file appears when it is complete. If `data` throws, nothing of it remains.
        await saveTo(data, resolveBelow(folder, pathname), { signal });
      },
      async setPermissions(pathname, { mode, modTime }) {
        const path = resolveBelow(folder, pathname);
        const seconds = Number(modTime / 1_000_000n) / 1000;
        await chmod(path, fileModeToPosix(mode) & 0o777);
        await lutimes(path, seconds, seconds);
      },
      close: () => undefined,
    };
  },
});
