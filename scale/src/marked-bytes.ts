/**
 * Bytes without end that say where they are: AT each 1 MiB stands its offset.
 * Cheap to make and to check, so that what is measured is the way between.
 */
export const MARK_INTERVAL = 1024 * 1024;
const MARK_BYTES = 8;

/** Yields that many bytes, in new buffers, as reading a file does. */
export function* markedBytes(total: number): Generator<Uint8Array> {
  for (let offset = 0; offset < total; offset += MARK_INTERVAL) {
    const chunk = Buffer.allocUnsafe(Math.min(MARK_INTERVAL, total - offset));
    if (chunk.length >= MARK_BYTES) chunk.writeBigUInt64LE(BigInt(offset));
    yield chunk;
  }
}

/** Counts bytes, and looks AT every mark that comes whole. */
export class MarkCheck {
  /** Bytes seen so far. */
  bytes = 0;

  /** @throws Error for a mark that is not where it should be: bytes were lost, doubled or moved. */
  add(chunk: Uint8Array): void {
    const view = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (
      let at = (MARK_INTERVAL - (this.bytes % MARK_INTERVAL)) % MARK_INTERVAL;
      at + MARK_BYTES <= view.length;
      at += MARK_INTERVAL
    ) {
      const mark = Number(view.readBigUInt64LE(at));
      if (mark !== this.bytes + at) throw new Error(`at byte ${this.bytes + at} stands the mark of ${mark}`);
    }
    this.bytes += chunk.length;
  }

  /** @throws Error unless that many bytes came. */
  expect(total: number): void {
    if (this.bytes !== total) throw new Error(`${this.bytes} bytes came, expected ${total}`);
  }
}

/** Takes chunks as they come, and rests after every so many bytes: a consumer that is slower than its source. */
export async function consumeSlowly(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
  const check = new MarkCheck();
  let rested = 0;
  for await (const chunk of source) {
    check.add(chunk);
    if (check.bytes - rested < REST_BYTES) continue;
    rested = check.bytes;
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
  }
  return check.bytes;
}

/** Long enough for a source without back-pressure to fill the memory that is allowed. */
const REST_BYTES = 512 * 1024 * 1024;
const REST_MS = 250;
