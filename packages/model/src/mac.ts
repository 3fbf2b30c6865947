/** Length of a {@link Mac} in bytes. Any other length is a protocol error. */
export const MAC_LENGTH = 32;

/**
 * The 32-byte name of a resource in a storage.
 *
 * Compare and index by {@link Mac.hex}: two `Mac` objects with equal bytes are
 * distinct objects.
 */
export class Mac {
  /** The 32 bytes. Treat them as read-only. */
  readonly bytes: Uint8Array;
  /** 64 lower-case hexadecimal digits, for use as a map key or file name. */
  readonly hex: string;

  private constructor(bytes: Uint8Array, hex: string) {
    this.bytes = bytes;
    this.hex = hex;
  }

  /**
   * Creates a MAC from bytes.
   *
   * @param bytes - Copied, so that the caller may reuse its buffer.
   * @throws RangeError unless there are exactly 32 bytes.
   */
  static fromBytes(bytes: Uint8Array): Mac {
    if (bytes.length !== MAC_LENGTH) {
      throw new RangeError(`a MAC has ${MAC_LENGTH} bytes, not ${bytes.length}`);
    }
    const copy = new Uint8Array(bytes);
    return new Mac(copy, Buffer.from(copy.buffer).toString("hex"));
  }

  /**
   * Parses a MAC.
   *
   * @param hex - 64 hexadecimal digits, in either case.
   * @throws RangeError for anything else.
   */
  static fromHex(hex: string): Mac {
    if (!/^[0-9a-f]{64}$/i.test(hex)) {
      throw new RangeError(`a MAC has ${MAC_LENGTH * 2} hexadecimal digits: ${JSON.stringify(hex)}`);
    }
    const bytes = new Uint8Array(MAC_LENGTH);
    for (let i = 0; i < MAC_LENGTH; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
    return new Mac(bytes, hex.toLowerCase());
  }

  /** Returns true if both name the same resource. */
  equals(other: Mac): boolean {
    return this.hex === other.hex;
  }

  toString(): string {
    return this.hex;
  }
}
