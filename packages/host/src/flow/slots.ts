/** Runs a bounded number of jobs at once. */
export class Slots {
  readonly #limit: number;
  readonly #running = new Set<Promise<void>>();

  /** @param limit - At least 1 is taken. */
  constructor(limit: number) {
    this.#limit = Math.max(1, Math.trunc(limit));
  }

  /** Waits for room and starts the job. Resolves when it is started. The job must not throw. */
  async run(job: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#limit) await Promise.race(this.#running);
    const running = job().finally(() => {
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  /** Waits until no job runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running);
  }
}
