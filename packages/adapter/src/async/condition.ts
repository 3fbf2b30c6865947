/**
 * Lets several wait until something that they check themselves has changed. A
 * list of its own, because racing long-lived promises leaves a reaction on each
 * of them every time.
 */
export class Condition {
  readonly #waiting: (() => void)[] = [];

  /** Waits for the next {@link Condition.notifyAll}. Check again afterwards: others were woken, too. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Wakes all that wait now. */
  notifyAll(): void {
    // Mostly nobody does.
    if (this.#waiting.length === 0) return;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
