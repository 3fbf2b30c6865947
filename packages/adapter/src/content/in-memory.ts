import type { Awaitable } from "@kloset/model";
import type { Arrivals } from "../calls/requests.js";

/** Returns chunks that are held in memory, then those that follow. */
export function inMemory(chunks: readonly Uint8Array[], rest?: Arrivals<Uint8Array>): Arrivals<Uint8Array> {
  return new InMemory(chunks, rest);
}

class InMemory implements Arrivals<Uint8Array> {
  readonly #chunks: readonly Uint8Array[];
  readonly #rest: Arrivals<Uint8Array> | undefined;
  #next = 0;

  constructor(chunks: readonly Uint8Array[], rest: Arrivals<Uint8Array> | undefined) {
    this.#chunks = chunks;
    this.#rest = rest;
  }

  take(): Uint8Array | undefined {
    return this.#next < this.#chunks.length ? this.#chunks[this.#next++] : this.#rest?.take();
  }

  more(): Awaitable<boolean> {
    return this.#next < this.#chunks.length || (this.#rest?.more() ?? false);
  }
}
