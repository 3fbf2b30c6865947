/** What {@link Tasks} may have in work at once. */
export interface TaskLimits {
  /** Tasks, at least 1. */
  readonly tasks: number;
  /** Bytes that they hold in memory. A task that holds more runs alone. */
  readonly bytes: number;
}

/** Runs a bounded number of tasks at once. A task reports its own failure: it must not throw. */
export class Tasks {
  readonly #limits: TaskLimits;
  #running = 0;
  #bytes = 0;
  /** Called when a task has ended. A list of its own: racing the tasks would leave a reaction on each, every time. */
  readonly #waiting: (() => void)[] = [];

  constructor(limits: TaskLimits) {
    this.#limits = limits;
  }

  /**
   * Waits for a free place, then starts the task, without waiting for its end.
   *
   * @param bytes - What the task holds in memory until it ends.
   */
  async start(task: () => Promise<void>, bytes = 0): Promise<void> {
    while (!this.#fits(bytes)) await this.#oneEnded();
    void this.#run(task, bytes);
  }

  /** Waits for a free place, then runs the task to its end. */
  async run(task: () => Promise<void>): Promise<void> {
    while (!this.#fits(0)) await this.#oneEnded();
    await this.#run(task, 0);
  }

  /** Waits until no task runs. */
  async idle(): Promise<void> {
    while (this.#running > 0) await this.#oneEnded();
  }

  async #run(task: () => Promise<void>, bytes: number): Promise<void> {
    this.#running++;
    this.#bytes += bytes;
    try {
      await task();
    } finally {
      this.#running--;
      this.#bytes -= bytes;
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  #fits(bytes: number): boolean {
    if (this.#running === 0) return true;
    return this.#running < this.#limits.tasks && this.#bytes + bytes <= this.#limits.bytes;
  }

  #oneEnded(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
