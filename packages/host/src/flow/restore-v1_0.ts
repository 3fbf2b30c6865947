import { fileTypeOf, type FileInfo, type RecordEntry } from "@kloset/model";
import type { ExporterClientV1_0 } from "../client/exporter-client.js";
import { goClean, goDir, goJoin } from "../go-path.js";
import { PluginConnectionError } from "../errors.js";
import type { RestoreEntry, RestoreOptions, RestoreSummary } from "./restore-types.js";
import { Limiter } from "./limiter.js";
import { sourceOf } from "./restore-source.js";
import { eitherSignal } from "./signals.js";

/** Restores as Plakar 1.0.6 does. See `restore`. */
export async function restoreV1_0(
  exporter: ExporterClientV1_0,
  entries: AsyncIterable<RestoreEntry> | Iterable<RestoreEntry>,
  options: RestoreOptions,
): Promise<RestoreSummary> {
  const { root } = await exporter.identity(options.signal);
  const run = new RestoreRun(exporter, goClean(root), options);
  try {
    for await (const entry of entries) await run.restore(entry);
  } finally {
    await run.filesDone();
  }
  await run.setDirectoryPermissions();
  return run.totals;
}

/** Processes entries in order. Files are stored concurrently, up to a limit. */
class RestoreRun {
  readonly totals = { entries: 0, skipped: 0, errors: 0, bytes: 0 };
  readonly #exporter: ExporterClientV1_0;
  readonly #root: string;
  readonly #options: RestoreOptions;
  readonly #signal: AbortSignal;
  readonly #files: Limiter;
  readonly #directories: { readonly pathname: string; readonly path: string; readonly fileInfo: FileInfo }[] = [];
  /** The first path of each inode with several names. `stored` settles when it is stored, or has failed. */
  readonly #firstNames = new Map<string, { readonly path: string; readonly stored: Promise<void> }>();
  #fatal: { readonly reason: unknown } | undefined;

  constructor(exporter: ExporterClientV1_0, root: string, options: RestoreOptions) {
    this.#exporter = exporter;
    this.#root = root;
    this.#options = options;
    this.#signal = eitherSignal(new AbortController().signal, options.signal);
    this.#files = new Limiter(options.maxConcurrency ?? exporter.options.maxConcurrency);
  }

  async restore(entry: RestoreEntry): Promise<void> {
    this.#signal.throwIfAborted();
    if (this.#fatal !== undefined) throw this.#fatal.reason;
    // This generation cannot restore extended attributes.
    if (entry.attribute !== undefined) {
      this.totals.skipped++;
      return;
    }
    switch (fileTypeOf(entry.fileInfo.mode)) {
      case "directory":
        await this.#directory(entry);
        break;
      case "symlink":
        await this.#attempt(entry.pathname, async () => {
          await this.#symlink(entry);
        });
        break;
      case "file":
        await this.#files.start(async () => {
          await this.#attempt(entry.pathname, async () => {
            await this.#file(entry);
          });
        });
        break;
      default:
        this.totals.skipped++;
    }
  }

  async filesDone(): Promise<void> {
    await this.#files.idle();
    if (this.#fatal !== undefined) throw this.#fatal.reason;
  }

  /** Deepest first: a directory that loses its write permission is then no longer needed. */
  async setDirectoryPermissions(): Promise<void> {
    if (this.#options.skipPermissions === true) return;
    const depth = (path: string): number => path.split("/").length;
    const directories = this.#directories.sort((a, b) => depth(b.path) - depth(a.path));
    for (const { pathname, path, fileInfo } of directories) {
      try {
        await this.#exporter.setPermissions(path, fileInfo, this.#signal);
      } catch (error) {
        // The directory was counted when it was created.
        this.totals.entries--;
        this.#failed(pathname, error);
      }
    }
    if (this.#fatal !== undefined) throw this.#fatal.reason;
  }

  async #directory(entry: RecordEntry): Promise<void> {
    const path = goJoin(this.#root, entry.pathname);
    try {
      if (entry.pathname !== "/") await this.#exporter.createDirectory(path, this.#signal);
    } catch (error) {
      this.#failed(entry.pathname, error);
      // Its children cannot be restored either.
      if (this.#options.forceCompletion !== true) throw error;
      return;
    }
    if (entry.pathname !== (this.#options.top ?? "/")) {
      this.#directories.push({ pathname: entry.pathname, path, fileInfo: entry.fileInfo });
    }
    this.#restored(entry.pathname);
  }

  async #symlink(entry: RecordEntry): Promise<void> {
    const path = goJoin(this.#root, entry.pathname);
    await this.#exporter.createLink(entry.target ?? "", path, "symbolic", this.#signal);
    await this.#setPermissions(path, entry.fileInfo);
  }

  async #file(entry: RecordEntry): Promise<void> {
    const path = goJoin(this.#root, entry.pathname);
    if (entry.fileInfo.nlink <= 1) {
      await this.#store(entry, path);
      return;
    }
    const inode = `${String(entry.fileInfo.dev)}:${String(entry.fileInfo.ino)}`;
    const first = this.#firstNames.get(inode);
    if (first !== undefined) {
      await first.stored;
      await this.#exporter.createLink(first.path, path, "hard", this.#signal);
      return;
    }
    const storing = this.#store(entry, path);
    // Hosts create the link even if the first name failed. The plugin then reports the missing file.
    this.#firstNames.set(inode, { path, stored: storing.catch(() => undefined) });
    await storing;
  }

  async #store(entry: RecordEntry, path: string): Promise<void> {
    const { size } = entry.fileInfo;
    if (size === undefined) {
      throw new RangeError(
        `${JSON.stringify(entry.pathname)} has no fileInfo.size: v1.0 hosts send it before the content`,
      );
    }
    await this.#exporter.createDirectory(goDir(path), this.#signal);
    const source = sourceOf(entry, this.#signal);
    const bytes = await this.#exporter.storeFile(path, source, size, this.#signal);
    this.totals.bytes += bytes;
    await this.#setPermissions(path, entry.fileInfo);
  }

  async #setPermissions(path: string, fileInfo: FileInfo): Promise<void> {
    if (this.#options.skipPermissions === true) return;
    await this.#exporter.setPermissions(path, fileInfo, this.#signal);
  }

  async #attempt(pathname: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#restored(pathname);
    } catch (error) {
      this.#failed(pathname, error);
    }
  }

  #restored(pathname: string): void {
    this.totals.entries++;
    this.#options.onRestored?.(pathname);
  }

  #failed(pathname: string, error: unknown): void {
    // These failures end the whole restore, not one entry.
    if (this.#signal.aborted || error instanceof PluginConnectionError) this.#fatal ??= { reason: error };
    this.totals.errors++;
    this.#options.onError?.(pathname, error instanceof Error ? error : new Error(String(error)));
  }
}
