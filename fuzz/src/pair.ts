import { duplexPair, type Duplex } from "node:stream";

/**
 * Makes the two ends of a connection in memory, with two properties of a kernel:
 *
 * Written bytes are copied. Node's duplexPair passes on the memory itself, which a writer may
 * reuse as soon as its write is done.
 *
 * Bytes arrive after the write call has returned. Node's HTTP/2 (20.19.0) aborts the process
 * if it receives bytes within its own call of write.
 *
 * @param watch - Called with the bytes that arrive at each end.
 */
export function copyingPair(
  watch: { readonly toNear?: (chunk: Buffer) => void; readonly toFar?: (chunk: Buffer) => void } = {},
): [near: Duplex, far: Duplex] {
  const [near, far] = duplexPair();
  copies(near, watch.toNear);
  copies(far, watch.toFar);
  writesLater(near);
  writesLater(far);
  return [near, far];
}

function copies(end: Duplex, watch: ((chunk: Buffer) => void) | undefined): void {
  const push = end.push.bind(end);
  end.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (!Buffer.isBuffer(chunk)) return push(chunk, encoding);
    watch?.(chunk);
    return push(Buffer.from(chunk), encoding);
  };
}

function writesLater(end: Duplex): void {
  const write = end._write.bind(end);
  end._write = (chunk: unknown, encoding, callback): void => {
    process.nextTick(() => {
      if (end.destroyed) callback();
      else write(chunk, encoding, callback);
    });
  };
}
