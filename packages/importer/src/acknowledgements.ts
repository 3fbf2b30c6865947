import { authorErrorText, Condition, eachRequest, noticeOnce, type Failure } from "@kloset/adapter";
import type { connectors, importer as wire } from "@kloset/protocol/v1.1";
import type { Acknowledgement, Importer } from "./importer.js";
import type { Readers } from "./readers.js";
import { refOfWire } from "./wire.js";

/**
 * Reads the host's results concurrently with the scan: one per record, then the
 * half-close.
 */
export class Acknowledgements {
  readonly #importer: Importer;
  readonly #readers: Readers;
  #outstanding = 0;
  /** Directories that the SDK made, until they are acknowledged. */
  readonly #made = new Set<string>();
  #failure: Failure | undefined;
  #ended = false;
  readonly #progress = new Condition();

  /** @param signal - Aborted when the host no longer wants records. It then sends no further results. */
  constructor(importer: Importer, readers: Readers, requests: AsyncIterable<wire.ImportRequest>, signal: AbortSignal) {
    this.#importer = importer;
    this.#readers = readers;
    void this.#readAll(requests, signal);
  }

  /** Counts a sent record, for which one result is expected. */
  expect(): void {
    this.#outstanding++;
  }

  /** Counts a directory that the SDK made. Its result is not passed on: the author does not know the directory. */
  expectMade(pathname: string): void {
    this.#made.add(pathname);
    this.expect();
  }

  /** Waits until every sent record is acknowledged, or no further results can arrive. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    await this.#until(() => this.#outstanding <= 0, signal);
  }

  /**
   * Waits for the half-close.
   *
   * @throws The error that ended the stream of results, if any.
   */
  async halfClosed(signal: AbortSignal): Promise<void> {
    await this.#until(() => this.#ended, signal);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    const wake = (): void => {
      this.#progress.notifyAll();
    };
    signal.addEventListener("abort", wake);
    try {
      while (!condition() && !this.#ended && !signal.aborted) await this.#progress.changed();
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }

  async #readAll(requests: AsyncIterable<wire.ImportRequest>, signal: AbortSignal): Promise<void> {
    try {
      await eachRequest(requests, signal, ({ result }) => {
        const acknowledged = result?.header === undefined ? undefined : this.#acknowledge(result.header, result.error);
        // A record counts as acknowledged only after the author's method has ended.
        if (acknowledged !== undefined) return acknowledged.then(this.#done);
        this.#done();
        return undefined;
      });
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#ended = true;
      this.#progress.notifyAll();
    }
  }

  readonly #done = (): void => {
    this.#outstanding--;
    this.#progress.notifyAll();
  };

  #acknowledge(header: connectors.Record, error: string): Promise<void> | undefined {
    if (this.#made.size > 0 && header.error === "" && !header.isXattr && this.#made.delete(header.pathname)) {
      return undefined;
    }
    const ref = refOfWire(header);
    // An error entry may share its pathname with a file that is still to be opened.
    if (header.error === "") this.#readers.release(ref);
    if (this.#importer.acknowledge === undefined) return undefined;
    // An entry sent as an error was not stored either.
    const reason = error === "" ? header.error : error;
    return this.#deliver({ ref, error: reason === "" ? undefined : reason });
  }

  /** Calls the author's method. An error there must not stop later acknowledgements. */
  async #deliver(acknowledgement: Acknowledgement): Promise<void> {
    try {
      await this.#importer.acknowledge?.(acknowledgement);
    } catch (error) {
      const { pathname } = acknowledgement.ref;
      noticeOnce(`importer: acknowledge(${JSON.stringify(pathname)}) failed: ${authorErrorText(error)}`);
    }
  }
}
