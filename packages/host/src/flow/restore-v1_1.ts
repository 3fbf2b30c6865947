import { isRegularFile, LocationFlag, type ExtendedAttributeEntry } from "@kloset/model";
import type { ExporterClientV1_1 } from "../client/exporter-client.js";
import type { ExportStream } from "../client/export-stream.js";
import { PluginContractError, RestoreSourceError } from "../errors.js";
import { HOSTS } from "../hosts.js";
import { RestoreSelection } from "./restore-selection.js";
import { sourceOf } from "./restore-source.js";
import type { RestoreEntry, RestoreOptions, RestoreSummary } from "./restore-types.js";
import { eitherSignal } from "./signals.js";

/** Restores as the hosts of v1.1 do. See `restore`. */
export async function restoreV1_1(
  exporter: ExporterClientV1_1,
  entries: AsyncIterable<RestoreEntry> | Iterable<RestoreEntry>,
  options: RestoreOptions,
): Promise<RestoreSummary> {
  const { flags } = await exporter.identity();
  const stream = exporter.export(options.signal);
  const wantsAttributes = (flags & LocationFlag.EXPORTXATTR) !== 0;
  const selection = new RestoreSelection(HOSTS[exporter.like], options.subtree ?? "/", wantsAttributes);
  const run = new RestoreRun(stream, selection, options);
  let sourceError: { readonly reason: unknown } | undefined;
  const sending = run.send(entries).catch((reason: unknown) => {
    sourceError = { reason };
    // A half-close in the middle of a file tells the plugin that the file is incomplete.
    stream.halfClose();
  });
  try {
    await run.receive();
  } catch (error) {
    // No more results will arrive. Ending the stream also ends the sender's wait.
    run.stop();
    throw sourceError === undefined ? error : sourceError.reason;
  }
  await sending;
  if (sourceError !== undefined) throw sourceError.reason;
  run.assertAnswered();
  return run.totals;
}

class RestoreRun {
  readonly totals = { entries: 0, skipped: 0, errors: 0, bytes: 0 };
  readonly #stream: ExportStream;
  readonly #selection: RestoreSelection;
  readonly #options: RestoreOptions;
  readonly #stopped = new AbortController();
  /** One signal for all entries: dependent signals would accumulate on the caller's signal. */
  readonly #signal: AbortSignal;
  /** Number of results still expected for each record. */
  readonly #unanswered = new Map<string, number>();

  constructor(stream: ExportStream, selection: RestoreSelection, options: RestoreOptions) {
    this.#stream = stream;
    this.#selection = selection;
    this.#options = options;
    this.#signal = eitherSignal(this.#stopped.signal, options.signal);
  }

  stop(): void {
    this.#stopped.abort();
    this.#stream.cancel();
  }

  async send(entries: AsyncIterable<RestoreEntry> | Iterable<RestoreEntry>): Promise<void> {
    const attributes: ExtendedAttributeEntry[] = [];
    for await (const entry of entries) {
      const placed = this.#selection.place(entry);
      if ("send" in placed) {
        if (placed.send.attribute !== undefined) attributes.push(placed.send);
        else if (!(await this.#sendEntry(placed.send))) return;
      } else if ("invalid" in placed) this.#failed(entry.pathname, new Error(placed.invalid));
      else if (placed.drop === "skipped") this.totals.skipped++;
    }
    // After all files, so that the file of an attribute exists.
    for (const entry of attributes) {
      if (!(await this.#sendEntry(entry))) return;
    }
    this.#stream.halfClose();
  }

  async receive(): Promise<void> {
    for await (const { pathname, attribute, error } of this.#stream.results()) {
      this.#answered(keyOf(pathname, attribute?.name));
      if (error === undefined) {
        this.totals.entries++;
        this.#options.onRestored?.(pathname);
      } else {
        this.#failed(pathname, new Error(error));
      }
    }
  }

  /** @throws PluginContractError if the plugin ended the stream without a result for every record. */
  assertAnswered(): void {
    const [key] = this.#unanswered.keys();
    if (key === undefined) return;
    const count = [...this.#unanswered.values()].reduce((sum, times) => sum + times, 0);
    throw new PluginContractError(`the plugin ended Export without a result for ${count} records; the first is ${key}`);
  }

  async #sendEntry(entry: RestoreEntry): Promise<boolean> {
    const key = keyOf(entry.pathname, entry.attribute?.name);
    this.#unanswered.set(key, (this.#unanswered.get(key) ?? 0) + 1);
    if (!(await this.#stream.sendRecord(entry))) return false;
    const hasContent = entry.attribute !== undefined || isRegularFile(entry.fileInfo.mode);
    if (!hasContent) return true;
    let bytes: number | undefined;
    try {
      bytes = await this.#stream.sendContent(sourceOf(entry, this.#signal));
    } catch (cause) {
      if (this.#signal.aborted) throw cause;
      throw new RestoreSourceError(entry.pathname, cause);
    }
    if (bytes === undefined) return false;
    this.totals.bytes += bytes;
    return await this.#stream.endContent();
  }

  #answered(key: string): void {
    const times = this.#unanswered.get(key);
    if (times === undefined)
      throw new PluginContractError(`the plugin sent an unexpected result for ${key}: not sent, or already answered`);
    if (times === 1) this.#unanswered.delete(key);
    else this.#unanswered.set(key, times - 1);
  }

  #failed(pathname: string, error: Error): void {
    this.totals.errors++;
    this.#options.onError?.(pathname, error);
  }
}

function keyOf(pathname: string, attribute: string | undefined): string {
  return attribute === undefined ? JSON.stringify(pathname) : `${attribute} of ${JSON.stringify(pathname)}`;
}
