/** Content that can be iterated once, and counts the bytes it has yielded. */
export class OnceContent implements AsyncIterable<Uint8Array> {
  readonly #name: string;
  readonly #source: AsyncIterable<Uint8Array>;
  #opened = false;
  #bytes = 0;
  #complete = false;

  /** @param name - Used in error messages. */
  constructor(name: string, source: AsyncIterable<Uint8Array>) {
    this.#name = name;
    this.#source = source;
  }

  /** Bytes yielded so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True if the content was read to its end. */
  get complete(): boolean {
    return this.#complete;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#opened) throw new Error(`the content of ${JSON.stringify(this.#name)} can be read only once`);
    this.#opened = true;
    for await (const chunk of this.#source) {
      this.#bytes += chunk.length;
      yield chunk;
    }
    this.#complete = true;
  }
}
