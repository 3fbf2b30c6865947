/** A call that blocks longer than this waited for a slow disk or a network. */
const SLOW_MS = 5;
/** Number of files that are read in the thread pool after a slow one, before blocking is tried again. */
const FILES_AFTER_SLOW = 32;

/**
 * Decides whether short file system calls may block the event loop.
 *
 * The thread pool costs ten times as much as opening and reading a small file
 * that is in the system's cache (10 µs), and most backups read one file at a
 * time. But while a call waits for a device, the process must keep answering the
 * host.
 */
export class BlockingPolicy {
  readonly #asyncAfterSlow: number;
  readonly #slowMs: number;
  #asyncLeft = 0;

  /**
   * @param asyncAfterSlow - How often `mayBlock` returns false after a slow call.
   * @param slowMs - Calls that block longer are slow.
   */
  constructor(asyncAfterSlow = FILES_AFTER_SLOW, slowMs = SLOW_MS) {
    this.#asyncAfterSlow = asyncAfterSlow;
    this.#slowMs = slowMs;
  }

  /** Call once for each file or call. */
  mayBlock(): boolean {
    if (this.#asyncLeft === 0) return true;
    this.#asyncLeft--;
    return false;
  }

  /** @param milliseconds - How long the calls blocked. */
  blocked(milliseconds: number): void {
    if (milliseconds > this.#slowMs) this.#asyncLeft = this.#asyncAfterSlow;
  }
}
