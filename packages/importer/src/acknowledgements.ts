import { Condition, eachRequest, errorText, noticeOnce, type Failure } from "@kloset/adapter";
import type { connectors, importer as wire } from "@kloset/protocol/v1.1";
import type { Acknowledgement, Importer } from "./importer.js";
import type { Readers } from "./readers.js";
import { refOfWire } from "./wire.js";

/**
 * Reads the host's results beside the scan that causes them: one for every
 * record, then the half-close.
 */
export class Acknowledgements {
  readonly #importer: Importer;
  readonly #readers: Readers;
  #outstanding = 0;
  #failure: Failure | undefined;
  #ended = false;
  readonly #progress = new Condition();

  /** @param signal - Aborted when the host does not want the rest: then it acknowledges nothing, either. */
  constructor(importer: Importer, readers: Readers, requests: AsyncIterable<wire.ImportRequest>, signal: AbortSignal) {
    this.#importer = importer;
    this.#readers = readers;
    void this.#readAll(requests, signal);
  }

  /** One more record was sent. */
  expect(): void {
    this.#outstanding++;
  }

  /** Waits until every record that was sent is acknowledged, or nobody can acknowledge any more. */
  async caughtUp(signal: AbortSignal): Promise<void> {
    await this.#until(() => this.#outstanding <= 0, signal);
  }

  /**
   * Waits for the half-close.
   *
   * @throws what broke the stream of results.
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
        const told = result?.header === undefined ? undefined : this.#acknowledge(result.header, result.error);
        // Only then: who waits for this wants the author's methods to have ended.
        if (told !== undefined) return told.then(this.#done);
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
    const ref = refOfWire(header);
    // An error entry may have the pathname of a file that is still to be opened.
    if (header.error === "") this.#readers.release(ref);
    if (this.#importer.acknowledge === undefined) return undefined;
    // Nor was an entry kept that was sent as an error.
    const why = error === "" ? header.error : error;
    return this.#tell({ ref, error: why === "" ? undefined : why });
  }

  /** An author's mistake here must not stop the acknowledgements of all the others. */
  async #tell(acknowledgement: Acknowledgement): Promise<void> {
    try {
      await this.#importer.acknowledge?.(acknowledgement);
    } catch (error) {
      const { pathname } = acknowledgement.ref;
      noticeOnce(`kloset: acknowledge(${JSON.stringify(pathname)}) failed: ${errorText(error)}`);
    }
  }
}
