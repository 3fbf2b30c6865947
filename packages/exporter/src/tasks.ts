import { Condition } from "@kloset/adapter";

/** Limits of the concurrency of {@link Tasks}. */
export interface TaskLimits {
  /** Maximum number of tasks, at least 1. */
  readonly tasks: number;
  /** Maximum number of bytes held in memory by all tasks. A task that holds more runs alone. */
  readonly bytes: number;
}

/** Runs a limited number of tasks concurrently. Tasks must handle their own errors and must not throw. */
export class Tasks {
  readonly #limits: TaskLimits;
  #running = 0;
  #bytes = 0;
  /** Notified when a task has ended. */
  readonly #ended = new Condition();

  constructor(limits: TaskLimits) {
    this.#limits = limits;
  }

  /**
   * Starts a task as soon as the limits allow, without waiting for its end.
   *
   * @param bytes - Number of bytes that the task holds in memory until it ends.
   * @returns undefined if the task was started at once, otherwise a promise that resolves when it starts.
   */
  start(task: () => Promise<void>, bytes = 0): Promise<void> | undefined {
    if (!this.#fits(bytes)) return this.#startLater(task, bytes);
    void this.#run(task, bytes);
    return undefined;
  }

  /** Waits until the limits allow, then runs the task to its end. */
  async run(task: () => Promise<void>): Promise<void> {
    while (!this.#fits(0)) await this.#ended.changed();
    await this.#run(task, 0);
  }

  /** Waits until no task is running. */
  async idle(): Promise<void> {
    while (this.#running > 0) await this.#ended.changed();
  }

  async #startLater(task: () => Promise<void>, bytes: number): Promise<void> {
    while (!this.#fits(bytes)) await this.#ended.changed();
    void this.#run(task, bytes);
  }

  async #run(task: () => Promise<void>, bytes: number): Promise<void> {
    this.#running++;
    this.#bytes += bytes;
    try {
      await task();
    } finally {
      this.#running--;
      this.#bytes -= bytes;
      this.#ended.notifyAll();
    }
  }

  #fits(bytes: number): boolean {
    if (this.#running === 0) return true;
    return this.#running < this.#limits.tasks && this.#bytes + bytes <= this.#limits.bytes;
  }
}
