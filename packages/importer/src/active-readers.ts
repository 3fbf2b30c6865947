import { canceled } from "@kloset/adapter";

/** Pathnames whose readers have ended and were not closed, at most: the oldest is forgotten. */
export const MAX_UNCLOSED = 65_536;

/** What is known of a pathname of which the host has a reader. */
interface Opened {
  /** How many CloseReaders are still to come: one for each OpenReader. */
  unclosed: number;
  /** Ends a call that still streams. */
  readonly streaming: Set<(reason: Error) => void>;
}

/**
 * The OpenReader calls of v1.0, so that CloseReader, another call, can end them.
 *
 * CloseReader names a pathname, of which several may be open at once: which one is
 * meant, nobody knows. So they go on until as many were closed as were opened;
 * one that still streams then is wanted no more. To end any of them sooner could
 * cut off one that the host still reads. It ends with CANCELLED all the same: if
 * a host has miscounted, it must not take a part of a file for the whole.
 */
export class ActiveReaders {
  readonly #byPathname = new Map<string, Opened>();
  /** Those of which nothing streams any more, in the order in which they ended. */
  readonly #ended = new Set<string>();

  /**
   * A reader was opened.
   *
   * @param abort - Ends it.
   * @returns Says that it has ended, closed or not.
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
      if (this.#ended.size > MAX_UNCLOSED) this.#forgetOldest();
    };
  }

  /** The host has closed a reader of this pathname. */
  close(pathname: string): void {
    const opened = this.#byPathname.get(pathname);
    if (opened === undefined) return;
    opened.unclosed -= 1;
    if (opened.unclosed > 0) return;
    this.#forget(pathname);
    for (const abort of opened.streaming) abort(canceled(`the host closed the reader of ${JSON.stringify(pathname)}`));
  }

  #forgetOldest(): void {
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
