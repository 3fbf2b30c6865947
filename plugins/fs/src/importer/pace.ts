/** A call that blocks longer than this came from a slow disk or a network. */
const SLOW_MS = 5;
/** How many calls go to the thread pool after a slow one, before blocking is tried again. */
const PATIENCE = 32;

/**
 * Says whether a short call to the file system may block the event loop.
 *
 * The thread pool costs ten times as much as opening and reading a small file
 * that is in the system's cache (10 µs), and most backups read one file at a
 * time. But where a call has to wait for a device, the process must go on
 * answering the host.
 */
export class Pace {
  #patience = 0;

  /** Asked once for each file. */
  mayBlock(): boolean {
    if (this.#patience === 0) return true;
    this.#patience--;
    return false;
  }

  /** @param milliseconds - How long the calls blocked. */
  blocked(milliseconds: number): void {
    if (milliseconds > SLOW_MS) this.#patience = PATIENCE;
  }
}
