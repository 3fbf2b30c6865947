import type { ExtendedAttributeEntry, RecordEntry } from "@kloset/model";

/**
 * An entry to restore, in the same shape that an importer yields. Its content comes from `read`; a file without `read`
 * must be empty. Pathnames begin with "/" and are relative to the exporter's root. Parents come before their children.
 */
export type RestoreEntry = RecordEntry | ExtendedAttributeEntry;

/** Options of `restore`. */
export interface RestoreOptions {
  /** v1.0: number of files restored at the same time. On v1.1 the plugin decides. Default: the value sent in `Init`. */
  readonly maxConcurrency?: number | undefined;
  /**
   * v1.1: the directory of the snapshot to restore. The pathnames of all entries are then those of the snapshot, and
   * hosts strip the directory from them. Default "/".
   */
  readonly subtree?: string | undefined;
  /** v1.0: the directory at the top of the restore, whose permissions are not set. Default "/". */
  readonly top?: string | undefined;
  /** v1.0: never call `SetPermissions`, as with Plakar's `-skip-permissions`. */
  readonly skipPermissions?: boolean | undefined;
  /** v1.0: continue when a directory cannot be created. Default false, as in Plakar. */
  readonly forceCompletion?: boolean | undefined;
  /** Called for every entry that could not be restored. */
  readonly onError?: ((pathname: string, error: Error) => void) | undefined;
  /** Called for every entry that was restored. */
  readonly onRestored?: ((pathname: string) => void) | undefined;
  /** Aborts the restore. */
  readonly signal?: AbortSignal | undefined;
}

/** Totals of a restore. */
export interface RestoreSummary {
  /** Entries that were restored. */
  readonly entries: number;
  /**
   * Entries that hosts do not send, because the generation cannot restore them: FIFOs and devices on v1.0, extended
   * attributes if the exporter does not accept them or the host sends none, and, as `"kloset-1.1.4"`, everything below
   * a symbolic link.
   */
  readonly skipped: number;
  /** Entries that could not be restored. */
  readonly errors: number;
  /** Bytes of content sent. */
  readonly bytes: number;
}
