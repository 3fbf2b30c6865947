import { defineImporter, directory, entry, file, retrying, withIdleTimeout, type ByteSource } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";

/** An item, as the service describes it. */
interface Item {
  readonly path: string;
  readonly modified: string;
}

export default defineImporter({
  config: { token: option.secret({ description: "API token" }) },
  connect({ config: { token }, log }) {
    return {
      origin: () => "example.com",
      type: () => "items",
      root: () => "/",
      *scan() {
        yield directory("/");
        // #region entry
        for (const item of items()) {
          // A date that makes no sense becomes an error of its item, and the scan continues.
          yield entry(item.path, () =>
            file(item.path, { modTime: dateOf(item), read: (call) => contentOf(item, call) }),
          );
        }
        // #endregion entry
        log.debug("listed all items");
      },
      close: () => undefined,
    };

    // #region remote
    async function contentOf({ path }: Item, { signal }: { readonly signal: AbortSignal }): Promise<ByteSource> {
      const answer = await retrying(() => download(path, token, signal), { signal, attempts: 3 });
      // Fails if the service sends nothing for a minute.
      return withIdleTimeout(answer, 60_000);
    }
    // #endregion remote
  },
});

function dateOf({ path, modified }: Item): Date {
  const date = new Date(modified);
  if (Number.isNaN(date.getTime())) throw new Error(`item ${path}: expected a date, got ${JSON.stringify(modified)}`);
  return date;
}

function items(): Item[] {
  return [
    { path: "/good.txt", modified: "2026-01-31" },
    { path: "/bad.txt", modified: "yesterday" },
    { path: "/refused.txt", modified: "2026-01-31" },
  ];
}

/** Stands for a request to a service, which quotes the token in its answer. */
async function download(path: string, token: string, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted();
  if (path === "/refused.txt") throw new Error(`403: the token ${token} may not read ${path}`);
  return Buffer.from(path);
}
