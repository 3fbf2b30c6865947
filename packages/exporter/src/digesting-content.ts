/** Passes content through and computes its SHA-256 digest. */
export class DigestingContent implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  /** Loaded lazily: `node:crypto` is slow to load, and most files have only one name. */
  readonly #hash = process.getBuiltinModule("node:crypto").createHash("sha256");

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of this.#source) {
      this.#hash.update(chunk);
      yield chunk;
    }
  }

  /** Returns the digest as a binary string, half as long as hexadecimal digits. Call it once, after the last chunk. */
  digest(): string {
    return this.#hash.digest("binary");
  }
}
