/** Passes content on, and digests what passes. */
export class DigestingContent implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  /** Loaded here, not at the start: cryptography takes long to load, and most files have one name. */
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

  /** The digest of all that has passed, a character for each of its bytes: half of what digits take. Only once, at the end. */
  digest(): string {
    return this.#hash.digest("binary");
  }
}
