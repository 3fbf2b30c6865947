/**
 * Runs a bounded number of jobs at once. Unlike `p-limit`, starting a job waits for room, so that a long list of items
 * is read no faster than it is worked on.
 */
export class Limiter {
  readonly #limit: number;
  readonly #abort: AbortController;
  #running = 0;
  #failure: { readonly reason: unknown } | undefined;
  #wakers: (() => void)[] = [];

  /**
   * @param limit - Values below 1 count as 1.
   * @param abort - Aborted by the first failure. Jobs must end when it is.
   */
  constructor(limit: number, abort = new AbortController()) {
    this.#limit = Math.max(1, Math.trunc(limit));
    this.#abort = abort;
  }

  /** Resolves when another job can start. */
  async room(): Promise<void> {
    while (this.#running >= this.#limit) await this.#sleep();
  }

  /** Waits for room and starts the job. Resolves when the job has started, not when it has ended. */
  async start(job: () => Promise<void>): Promise<void> {
    await this.room();
    this.#running++;
    void this.#run(job);
  }

  /** Records a failure that did not happen in a job. Only the first failure counts. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#abort.abort(reason);
  }

  /** Waits until no job is running. @throws The first failure. */
  async idle(): Promise<void> {
    while (this.#running > 0) await this.#sleep();
    if (this.#failure !== undefined) throw this.#failure.reason;
  }

  async #run(job: () => Promise<void>): Promise<void> {
    try {
      await job();
    } catch (reason) {
      this.fail(reason);
    }
    this.#running--;
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const waker of wakers) waker();
  }

  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wakers.push(resolve);
    });
  }
}

/**
 * Works on items, at most `limit` at once. An item is requested only when there is room for it.
 *
 * @param next - Resolves the next item, or undefined at the end.
 * @param abort - Aborted by the first failure. `next` and `work` must end when it is.
 * @throws The first failure, after all work has ended.
 */
export async function forEachLimited<T>(
  next: () => Promise<T | undefined>,
  limit: number,
  abort: AbortController,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const limiter = new Limiter(limit, abort);
  try {
    for (;;) {
      await limiter.room();
      if (abort.signal.aborted) break;
      const item = await next();
      if (item === undefined) break;
      await limiter.start(() => work(item));
    }
  } catch (reason) {
    limiter.fail(reason);
  }
  await limiter.idle();
}
