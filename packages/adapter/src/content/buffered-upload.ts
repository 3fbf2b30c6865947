import type { ByteStream } from "@kloset/model";
import type { Consumable } from "./upload.js";

/**
 * Content that the host has sent completely and that is held in memory. The counterpart of
 * {@link Upload}, which reads content while it arrives.
 */
export class BufferedUpload implements ByteStream, Consumable {
  readonly #chunks: readonly Uint8Array[];
  readonly #what: string;
  #taken = false;
  #next = 0;

  /**
   * @param chunks - None of them empty.
   * @param what - Names the content in errors, such as `"/etc/passwd"`.
   */
  constructor(chunks: readonly Uint8Array[], what: string) {
    this.#chunks = chunks;
    this.#what = what;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, void> {
    if (this.#taken) throw new Error(`the content of ${this.#what} can be read only once`);
    this.#taken = true;
    let open = true;
    return {
      next: () => {
        const value = open ? this.#chunks[this.#next] : undefined;
        if (value === undefined) return Promise.resolve({ done: true, value: undefined });
        this.#next++;
        return Promise.resolve({ done: false, value });
      },
      return: () => {
        open = false;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** @throws Error when the author did not read everything. */
  finish(): undefined {
    if (this.#next === this.#chunks.length) return undefined;
    const taken = lengthOf(this.#chunks.slice(0, this.#next));
    throw new Error(`the plugin read ${taken} of the ${lengthOf(this.#chunks)} bytes of ${this.#what}`);
  }
}

function lengthOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
