import type { RecordedCall } from "../replay/calls.js";

/**
 * Delays calls like a host whose next call depends on the answers of earlier ones: a call may begin once all calls have
 * ended that had ended before it began in the transcript.
 */
export class TranscriptOrder {
  readonly #calls: readonly RecordedCall[];
  readonly #ended = new Set<RecordedCall>();
  #wakers: (() => void)[] = [];

  constructor(calls: readonly RecordedCall[]) {
    this.#calls = calls;
  }

  async turnOf(call: RecordedCall): Promise<void> {
    const earlier = this.#calls.filter(({ ended }) => ended < call.began);
    while (!earlier.every((each) => this.#ended.has(each))) {
      await new Promise<void>((resolve) => {
        this.#wakers.push(resolve);
      });
    }
  }

  ended(call: RecordedCall): void {
    this.#ended.add(call);
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const waker of wakers) waker();
  }
}

/** Returns the largest number of calls that ran at the same time. */
export function mostAtOnce(calls: readonly RecordedCall[]): number {
  return Math.max(
    0,
    ...calls.map(({ began }) => calls.filter((each) => each.began <= began && each.ended > began).length),
  );
}
