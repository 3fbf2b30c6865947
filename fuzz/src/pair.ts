import { duplexPair, type Duplex } from "node:stream";

/**
 * Two ends of a connection. What is written to one is copied before the other
 * reads it, as a kernel does: Node's own pair hands on the memory itself, which a
 * writer may use again as soon as its write is done. And nothing arrives while it is
 * being written: Node's HTTP/2 (20.19.0) aborts the process when it is given bytes
 * by what it has called itself, as no kernel would.
 *
 * @param watch - Shown what arrives at an end, before it is used again.
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
