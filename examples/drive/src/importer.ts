import { defineImporter, directory, entry, file, symlink, type Entry } from "@kloset/sdk";
import { config, driveAt, type Item } from "./drive.js";

/** An answer to a request for items. */
interface Page {
  readonly items: readonly Item[];
  /** The URL of the next page; absent on the last one. */
  readonly next?: string;
}

export default defineImporter({
  config,
  connect({ config: { token, page_size: pageSize }, location, log }) {
    const drive = driveAt(location, token);
    const first = `/items?limit=${pageSize}`;

    /** The attachment is requested only if the host wants it: for new and changed files. */
    const entryOf = ({ path, kind, mode, modified, size, target = "", attachment = "" }: Item): Entry => {
      const attributes = { permissions: mode, modTime: BigInt(modified) };
      if (kind === "folder") return directory(path, attributes);
      if (kind === "link") return symlink(path, target, attributes);
      return file(path, { ...attributes, size, read: ({ signal }) => drive.get(attachment, signal) });
    };

    return {
      origin: () => new URL(location).host,
      type: () => "drive",
      root: () => "/",
      async ping() {
        await drive.get(first);
      },
      async *scan({ signal }) {
        for (let url: string | undefined = first; url !== undefined;) {
          const page = (await (await drive.get(url, signal)).json()) as Page;
          log.debug("received a page", { items: page.items.length });
          // An item that makes no sense becomes an error of its own, and the scan goes on.
          for (const item of page.items) yield entry(item.path, () => entryOf(item));
          url = page.next;
        }
      },
      close: () => undefined,
    };
  },
});
