import {
  restore,
  type ExporterClient,
  type RestoreEntry,
  type RestoreOptions,
  type RestoreSummary,
} from "@kloset/host";

/** The result of a restore with the reported failures. */
export interface Restored extends RestoreSummary {
  /** Error messages by pathname. */
  readonly failures: Readonly<Record<string, string>>;
}

/** Restores as a host does, and collects the messages that the user would see. */
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
