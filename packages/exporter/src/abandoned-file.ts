import { noticeOnce, type Arrivals } from "@kloset/adapter";
import type { Awaitable } from "@kloset/model";

/** Time between two looks at a host that sends nothing, in milliseconds. */
const TICK_MS = 5_000;

/** Number of ticks after which a silent host gives up its turn: two minutes, since its own source may be slow. */
const MAX_SILENT_TICKS = 24;

/** The other calls of the host. */
export interface Others {
  /** True while a call waits for this one to end. */
  readonly wait: boolean;
  /** True once the host has called Close. */
  readonly areDone: boolean;
}

/**
 * The content of a file that the host may have abandoned. Plakar 1.0.3 to 1.0.5 leave a StoreFile call open when they
 * cannot read the file, and go on with the next. Without this, that call would hold up all that wait for their turn,
 * and keep the exporter from being finished.
 *
 * The content fails when the host has sent nothing for some time although other calls wait, or it has called Close.
 */
export class AbandonedFile implements Arrivals<Uint8Array> {
  readonly #content: Arrivals<Uint8Array>;
  readonly #pathname: string;
  readonly #others: Others;
  #failure: Error | undefined;

  constructor(content: Arrivals<Uint8Array>, pathname: string, others: Others) {
    this.#content = content;
    this.#pathname = pathname;
    this.#others = others;
  }

  take(): Uint8Array | undefined {
    return this.#failure === undefined ? this.#content.take() : undefined;
  }

  more(): Awaitable<boolean> {
    if (this.#failure !== undefined) throw this.#failure;
    const more = this.#content.more();
    return typeof more === "boolean" ? more : this.#unlessAbandoned(more);
  }

  #unlessAbandoned(more: PromiseLike<boolean>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let ticks = 0;
      const timer = setInterval(() => {
        const reason = this.#reason(++ticks);
        if (reason === undefined) return;
        clearInterval(timer);
        this.#failure = new Error(`the source of ${JSON.stringify(this.#pathname)} failed: ${reason}`);
        noticeOnce(`exporter: ${this.#failure.message}`);
        reject(this.#failure);
      }, TICK_MS);
      more.then(
        (isThere) => {
          clearInterval(timer);
          resolve(isThere);
        },
        (error: unknown) => {
          clearInterval(timer);
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what the source threw
          reject(error);
        },
      );
    });
  }

  /** @returns undefined while the host may still send more. */
  #reason(ticks: number): string | undefined {
    if (this.#others.areDone) return "the host called Close without sending the rest";
    if (ticks < MAX_SILENT_TICKS || !this.#others.wait) return undefined;
    return `the host sent nothing for ${(MAX_SILENT_TICKS * TICK_MS) / 1000} s while other calls waited for it`;
  }
}
