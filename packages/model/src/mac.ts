/** Length of a {@link Mac} in bytes. Any other length is an error on the wire. */
export const MAC_LENGTH = 32;

/**
 * The name of a resource in a storage: 32 bytes.
 *
 * Compare and index by {@link Mac.hex}; two `Mac` objects of equal bytes are
 * different objects.
 */
export class Mac {
  /** The 32 bytes. Treat them as read-only. */
  readonly bytes: Uint8Array;
  /** 64 lower-case hexadecimal digits: a key for maps and file names. */
  readonly hex: string;

  private constructor(bytes: Uint8Array, hex: string) {
    this.bytes = bytes;
    this.hex = hex;
  }

  /**
   * @param bytes - Copied, so that the caller may reuse its buffer.
   * @throws RangeError when there are not exactly 32 bytes.
   */
  static fromBytes(bytes: Uint8Array): Mac {
    if (bytes.length !== MAC_LENGTH) {
      throw new RangeError(`a MAC has ${MAC_LENGTH} bytes, not ${bytes.length}`);
    }
    const copy = new Uint8Array(bytes);
    let hex = "";
    for (const byte of copy) hex += byte.toString(16).padStart(2, "0");
    return new Mac(copy, hex);
  }

  /**
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

  /** True when both name the same resource. */
  equals(other: Mac): boolean {
    return this.hex === other.hex;
  }

  toString(): string {
    return this.hex;
  }
}
