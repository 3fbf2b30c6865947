import {
  restore,
  type ExporterClient,
  type RestoreEntry,
  type RestoreOptions,
  type RestoreSummary,
} from "@kloset/host";

/** What a restore did, and what the host was told of what failed. */
export interface Restored extends RestoreSummary {
  /** Texts by pathname. */
  readonly failures: Readonly<Record<string, string>>;
}

/** Restores as hosts do, and keeps the texts that the user would see. */
export async function restored(
  client: ExporterClient,
  entries: AsyncIterable<RestoreEntry> | Iterable<RestoreEntry>,
  options: RestoreOptions = {},
): Promise<Restored> {
  const failures: Record<string, string> = {};
  const summary = await restore(client, entries, {
    ...options,
    onError: (pathname, error) => {
      failures[pathname] = error.message;
      options.onError?.(pathname, error);
    },
  });
  return { ...summary, failures };
}
