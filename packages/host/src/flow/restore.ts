import type { ExporterClient } from "../client/exporter-client.js";
import type { RestoreEntry, RestoreOptions, RestoreSummary } from "./restore-types.js";
import { HOSTS } from "../hosts.js";
import { JobFailures } from "./job-failures.js";
import { restoreV1_0 } from "./restore-v1_0.js";
import { restoreV1_1 } from "./restore-v1_1.js";

/**
 * Restores entries through an exporter, as Plakar does, and closes the exporter.
 *
 * v1.0: one call per step; hard links are created as links; permissions of directories are set last.
 * v1.1: one stream of records and data; hard links are sent as whole files; extended attributes follow all files, if
 * the exporter's flags ask for them.
 *
 * @throws RestoreSourceError if reading an entry's content fails on v1.1. On v1.0 only that file fails, and the restore
 * continues.
 * @throws PluginError if the plugin fails the restore as a whole.
 * @throws JobError after the end, if an entry failed and the host (`"plaklet"`) then fails the job.
 */
export async function restore(
  exporter: ExporterClient,
  entries: AsyncIterable<RestoreEntry> | Iterable<RestoreEntry>,
  options: RestoreOptions = {},
): Promise<RestoreSummary> {
  const failures = new JobFailures("restore");
  const noted: RestoreOptions = {
    ...options,
    onError: (pathname, error) => {
      failures.note(pathname, error);
      options.onError?.(pathname, error);
    },
  };
  const summary =
    exporter.generation === "v1.0"
      ? await restoreV1_0(exporter, entries, noted)
      : await restoreV1_1(exporter, entries, noted);
  await exporter.close();
  if (HOSTS[exporter.like].failsJobOnError) failures.assertNone();
  return summary;
}
