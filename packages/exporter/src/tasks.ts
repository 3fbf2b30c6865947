import { Condition } from "@kloset/adapter";

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
  /** Changes when a task has ended. */
  readonly #ended = new Condition();

  constructor(limits: TaskLimits) {
    this.#limits = limits;
  }

  /**
   * Starts the task as soon as there is a free place, without waiting for its end.
   *
   * @param bytes - What the task holds in memory until it ends.
   * @returns undefined when it was started at once; else what to wait for.
   */
  start(task: () => Promise<void>, bytes = 0): Promise<void> | undefined {
    if (!this.#fits(bytes)) return this.#startLater(task, bytes);
    void this.#run(task, bytes);
    return undefined;
  }

  /** Waits for a free place, then runs the task to its end. */
  async run(task: () => Promise<void>): Promise<void> {
    while (!this.#fits(0)) await this.#ended.changed();
    await this.#run(task, 0);
  }

  /** Waits until no task runs. */
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
