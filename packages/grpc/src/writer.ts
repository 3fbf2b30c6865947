const firstCapacity = 4096;

/**
 * Where generated encoders write: memory that grows, and is used again for the next message.
 */
export class Writer {
  /** The memory. Changes when it grows. */
  buffer: Buffer = Buffer.allocUnsafeSlow(firstCapacity);
  /** How much of it is written. */
  length = 0;

  /** Makes room for so many bytes behind what is written. */
  reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}
