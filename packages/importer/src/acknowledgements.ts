import { errorText, noticeOnce } from "@kloset/adapter";
import type { importer as wire } from "@kloset/protocol/v1.1";
import type { Importer } from "./importer.js";
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
  #failure: { readonly error: unknown } | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(importer: Importer, readers: Readers, requests: AsyncIterable<wire.ImportRequest>) {
    this.#importer = importer;
    this.#readers = readers;
    void this.#readAll(requests);
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
    const wake = (): void => this.#wake?.();
    signal.addEventListener("abort", wake);
    try {
      while (!condition() && !this.#ended && !signal.aborted) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }

  async #readAll(requests: AsyncIterable<wire.ImportRequest>): Promise<void> {
    try {
      for await (const { result } of requests) {
        this.#outstanding--;
        if (result?.header !== undefined) {
          const ref = refOfWire(result.header);
          this.#readers.release(ref);
          await this.#tell({ ref, error: result.error === "" ? undefined : result.error });
        }
        this.#wake?.();
      }
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#ended = true;
      this.#wake?.();
    }
  }

  /** An author's mistake here must not stop the acknowledgements of all the others. */
  async #tell(acknowledgement: Parameters<NonNullable<Importer["acknowledge"]>>[0]): Promise<void> {
    try {
      await this.#importer.acknowledge?.(acknowledgement);
    } catch (error) {
      const { pathname } = acknowledgement.ref;
      noticeOnce(`kloset: acknowledge(${JSON.stringify(pathname)}) failed: ${errorText(error)}`);
    }
  }
}
