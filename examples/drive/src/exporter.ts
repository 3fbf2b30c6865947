import { defineExporter, fileModeToPosix, toWeb } from "@kloset/sdk";
import { config, driveAt, type Item } from "./drive.js";

export default defineExporter({
  config,
  connect({ config: { token }, location }) {
    const drive = driveAt(location, token);
    const put = (path: string, item: Partial<Item> & { readonly copyOf?: string }): Promise<void> =>
      drive.put(`/item?path=${encodeURIComponent(path)}`, JSON.stringify(item));
    return {
      root: () => "/",
      createDirectory: (path) => put(path, { kind: "folder" }),
      // The service keeps an attachment that has arrived whole, and discards any other.
      storeFile: (path, data, _size, { signal }) =>
        drive.put(`/attachment?path=${encodeURIComponent(path)}`, toWeb(data), signal),
      createLink: (oldname, newname, kind) =>
        put(newname, kind === "symbolic" ? { kind: "link", target: oldname } : { kind: "file", copyOf: oldname }),
      setPermissions: (path, { mode, modTime }) =>
        put(path, { mode: fileModeToPosix(mode) & 0o7777, modified: modTime.toString() }),
      close: () => undefined,
    };
  },
});
