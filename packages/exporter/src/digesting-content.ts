import type { Arrivals } from "@kloset/adapter";

/** Passes content through and computes its SHA-256 digest. */
export class DigestingContent implements Arrivals<Uint8Array> {
  readonly #source: Arrivals<Uint8Array>;
  /** Loaded lazily: `node:crypto` is slow to load, and most files have only one name. */
  readonly #hash = process.getBuiltinModule("node:crypto").createHash("sha256");

  constructor(source: Arrivals<Uint8Array>) {
    this.#source = source;
  }

  take(): Uint8Array | undefined {
    const chunk = this.#source.take();
    if (chunk !== undefined) this.#hash.update(chunk);
    return chunk;
  }

  more(): ReturnType<Arrivals<Uint8Array>["more"]> {
    return this.#source.more();
  }

  /** Returns the digest as a binary string, half as long as hexadecimal digits. Call it once, after the last chunk. */
  digest(): string {
    return this.#hash.digest("binary");
  }
}
