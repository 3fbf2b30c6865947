import { isRegularFile, LocationFlag, type ExtendedAttributeEntry } from "@kloset/model";
import type { ExporterClientV1_1 } from "../client/exporter-client.js";
import type { ExportStream } from "../client/export-stream.js";
import { PluginContractError } from "../errors.js";
import { RestoreSourceError, type RestoreEntry, type RestoreOptions, type RestoreSummary } from "./restore.js";
import { sourceOf } from "./restore-source.js";
import { eitherSignal } from "./workers.js";

/** Restores as Plakar 1.1.4 does. See `restore`. */
export async function restoreV1_1(
  exporter: ExporterClientV1_1,
  entries: AsyncIterable<RestoreEntry> | Iterable<RestoreEntry>,
  options: RestoreOptions,
): Promise<RestoreSummary> {
  const { flags } = await exporter.identity();
  const stream = exporter.export(options.signal);
  const run = new RestoreRun(stream, (flags & LocationFlag.EXPORTXATTR) !== 0, options);
  let sourceError: { readonly reason: unknown } | undefined;
  const sending = run.send(entries).catch((reason: unknown) => {
    sourceError = { reason };
    // In the middle of a file: the plugin learns by it that the file must fail.
    stream.halfClose();
  });
  try {
    await run.receive();
  } catch (error) {
    // Nobody answers any more. What the sender waits for ends with the stream.
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
  readonly #wantsAttributes: boolean;
  readonly #options: RestoreOptions;
  readonly #stopped = new AbortController();
  /** One for all entries: signals that follow the caller's pile up on it. */
  readonly #signal: AbortSignal;
  /** How often a record was sent without an answer yet. */
  readonly #unanswered = new Map<string, number>();

  constructor(stream: ExportStream, wantsAttributes: boolean, options: RestoreOptions) {
    this.#stream = stream;
    this.#wantsAttributes = wantsAttributes;
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
      if (entry.attribute === undefined) {
        if (!(await this.#sendEntry(entry))) return;
      } else if (this.#wantsAttributes) attributes.push(entry);
      else this.totals.skipped++;
    }
    // After all files: what an attribute belongs to is there by then.
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

  /** @throws PluginContractError when the plugin ended the stream but did not answer for every record. */
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
      const error = new RestoreSourceError(entry.pathname, cause);
      throw error;
    }
    if (bytes === undefined) return false;
    this.totals.bytes += bytes;
    return await this.#stream.endContent();
  }

  #answered(key: string): void {
    const times = this.#unanswered.get(key);
    if (times === undefined) throw new PluginContractError(`a result for ${key}, which was not sent or is answered`);
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
