import type { ExtendedAttributeEntry, RecordEntry } from "@kloset/model";
import type { ExporterClient } from "../client/exporter-client.js";
import { restoreV1_0 } from "./restore-v1_0.js";
import { restoreV1_1 } from "./restore-v1_1.js";

/**
 * What is restored: the same shapes that an importer yields. Content comes from
 * `read`; a file without it must be empty. Pathnames begin with "/", below the
 * exporter's root. Parents come before their children.
 */
export type RestoreEntry = RecordEntry | ExtendedAttributeEntry;

/** How a restore is run. */
export interface RestoreOptions {
  /** Files in work at once (v1.0; v1.1 leaves that to the plugin). Default: what `Init` told the plugin. */
  readonly maxConcurrency?: number | undefined;
  /** v1.0: the directory at the top of the restore, whose attributes are not sent. Default "/". */
  readonly top?: string | undefined;
  /** v1.0: no `SetPermissions` at all, as under Plakar's `-skip-permissions`. */
  readonly skipPermissions?: boolean | undefined;
  /** v1.0: go on when a directory can not be made. Default false, as in Plakar. */
  readonly forceCompletion?: boolean | undefined;
  /** Told of every entry that could not be restored. */
  readonly onError?: ((pathname: string, error: Error) => void) | undefined;
  /** Told of every entry that is restored. */
  readonly onRestored?: ((pathname: string) => void) | undefined;
  /** Aborts the restore. */
  readonly signal?: AbortSignal | undefined;
}

/** What a restore did. */
export interface RestoreSummary {
  /** Entries that were restored. */
  readonly entries: number;
  /** Entries that the generation can not restore and hosts do not send: FIFOs and devices on v1.0, extended attributes where the exporter takes none. */
  readonly skipped: number;
  /** Entries that could not be restored. */
  readonly errors: number;
  /** Bytes of content sent. */
  readonly bytes: number;
}

/** The source of a restore failed, in the middle of a v1.1 stream: nothing after it was sent. */
export class RestoreSourceError extends Error {
  override readonly name = "RestoreSourceError";
  /** The entry whose content could not be read. */
  readonly pathname: string;

  constructor(pathname: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`can not read the content of ${JSON.stringify(pathname)}: ${reason}`, { cause });
    this.pathname = pathname;
  }
}

/**
 * Restores entries through an exporter, as Plakar does, and closes the exporter.
 *
 * v1.0: one call for each step; hard links as links; the permissions of
 * directories last. v1.1: one stream of records and data; hard links as whole
 * files; extended attributes after all files, if the exporter's flags ask for them.
 *
 * @throws RestoreSourceError when a source fails on v1.1. On v1.0 that file fails, and the restore goes on.
 * @throws PluginError when the plugin ends the restore as a whole.
 */
export async function restore(
  exporter: ExporterClient,
  entries: AsyncIterable<RestoreEntry> | Iterable<RestoreEntry>,
  options: RestoreOptions = {},
): Promise<RestoreSummary> {
  const summary =
    exporter.generation === "v1.0"
      ? await restoreV1_0(exporter, entries, options)
      : await restoreV1_1(exporter, entries, options);
  await exporter.close();
  return summary;
}
