import { canceled } from "@kloset/adapter";

/** Maximum number of pathnames whose readers have ended but were not closed. Beyond it, the oldest is evicted. */
export const MAX_UNCLOSED = 65_536;

/** The readers that the host has opened for one pathname. */
interface Opened {
  /** Number of CloseReader calls still expected: one per OpenReader. */
  unclosed: number;
  /** Abort functions of the calls that are still streaming. */
  readonly streaming: Set<(reason: Error) => void>;
}

/**
 * Tracks the OpenReader calls of v1.0, so that CloseReader, a separate call, can
 * end them.
 *
 * CloseReader names only a pathname, which may have several open readers, so the
 * intended reader is unknown. All of them continue until as many were closed as
 * were opened: ending one sooner could cut off a reader that is still in use. Any
 * call that is still streaming then is aborted. It ends with CANCELLED, so that a
 * host that has miscounted does not take a partial file for a complete one.
 */
export class ActiveReaders {
  readonly #byPathname = new Map<string, Opened>();
  /** Pathnames without a streaming reader, in the order in which they ended. */
  readonly #ended = new Set<string>();

  /**
   * Registers a reader.
   *
   * @param abort - Aborts the reader.
   * @returns A function to call when the reader has ended, whether closed or not.
   */
  add(pathname: string, abort: (reason: Error) => void): () => void {
    const opened = this.#byPathname.get(pathname) ?? { unclosed: 0, streaming: new Set() };
    this.#byPathname.set(pathname, opened);
    this.#ended.delete(pathname);
    opened.unclosed += 1;
    opened.streaming.add(abort);
    return () => {
      opened.streaming.delete(abort);
      if (opened.streaming.size > 0 || this.#byPathname.get(pathname) !== opened) return;
      this.#ended.add(pathname);
      if (this.#ended.size > MAX_UNCLOSED) this.#evictOldest();
    };
  }

  /** Handles CloseReader: after as many calls as there were readers, aborts those still streaming. */
  close(pathname: string): void {
    const opened = this.#byPathname.get(pathname);
    if (opened === undefined) return;
    opened.unclosed -= 1;
    if (opened.unclosed > 0) return;
    this.#forget(pathname);
    for (const abort of opened.streaming) abort(canceled(`the host closed the reader of ${JSON.stringify(pathname)}`));
  }

  #evictOldest(): void {
    for (const oldest of this.#ended) {
      this.#forget(oldest);
      return;
    }
  }

  #forget(pathname: string): void {
    this.#byPathname.delete(pathname);
    this.#ended.delete(pathname);
  }
}
