/** Smaller memory is not kept for another message: it is cheap to allocate, because it is already mapped. */
const MIN_REUSED_BYTES = 64 * 1024;

/** Maximum size of all memory that waits to be used again. */
const MAX_FREE_BYTES = 8 * 1024 * 1024;

/** Memory that was taken and not released. No other memory is ever used again. */
const inUse = new WeakSet<ArrayBufferLike>();
const free: Uint8Array[] = [];
let freeBytes = 0;

/**
 * Returns memory for a message that is split over several chunks, of at least this size and at most twice as much. Its
 * content is undefined.
 *
 * The system clears new memory and maps it page by page, which takes longer than the message's way through the plugin.
 */
export function takeMemory(size: number): Uint8Array {
  // Not from Node's pool, where one small message would keep a whole slab alive.
  if (size < MIN_REUSED_BYTES) return Buffer.allocUnsafeSlow(size);
  const found = free.findIndex(({ length }) => length >= size && length <= 2 * size);
  const memory = free[found] ?? Buffer.allocUnsafeSlow(size);
  if (found >= 0) {
    free.splice(found, 1);
    freeBytes -= memory.length;
  }
  inUse.add(memory.buffer);
  return memory;
}

/**
 * Uses the memory of these bytes again if it came from {@link takeMemory}. All views of it become empty, so that a
 * mistaken use finds no bytes rather than those of another message.
 */
export function releaseMemory({ buffer }: Uint8Array): void {
  const size = buffer.byteLength;
  // The size is 0 if the author has transferred the buffer.
  if (!inUse.delete(buffer) || size === 0) return;
  // Buffers of this module are not shared.
  const memory = new Uint8Array(structuredClone(buffer, { transfer: [buffer as ArrayBuffer] }));
  if (freeBytes + size > MAX_FREE_BYTES) return;
  free.push(memory);
  freeBytes += size;
}
