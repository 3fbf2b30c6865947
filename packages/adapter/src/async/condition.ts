/**
 * Wakes several waiters when a state that they check themselves has changed. Uses a
 * list of callbacks, because every race of long-lived promises leaves a reaction on
 * each of them.
 */
export class Condition {
  readonly #waiting: (() => void)[] = [];

  /** Waits for the next {@link Condition.notifyAll}. Check the state afterwards: other waiters were woken, too. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Wakes all current waiters. */
  notifyAll(): void {
    // The usual case.
    if (this.#waiting.length === 0) return;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
