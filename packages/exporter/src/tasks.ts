/** Runs up to a number of tasks at once. A task reports its own failure: it must not throw. */
export class Tasks {
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Waits for a free place, then starts the task, without waiting for its end. */
  async start(task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#limit) await Promise.race(this.#running);
    const running: Promise<void> = task().finally(() => {
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  /** Waits for a free place, then runs the task to its end. */
  async run(task: () => Promise<void>): Promise<void> {
    let ended: Promise<void> | undefined;
    await this.start(() => (ended = task()));
    await ended;
  }

  /** Waits until no task runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
