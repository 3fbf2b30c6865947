import { createCipheriv, createHash } from "node:crypto";
import { Mac, type ResourceKind } from "@kloset/model";

/** The kinds that released hosts use. */
export type HostKind = Extract<ResourceKind, "packfile" | "state" | "lock">;

/** All of {@link HostKind}. Every storage must keep them. */
export const KINDS: readonly HostKind[] = ["packfile", "state", "lock"];

export const MiB = 1024 * 1024;

/** Larger than the windows of a Get that the kit does not read, so that the plugin cannot finish it. */
export const BEYOND_WINDOW = 5 * MiB;

/** The number of positions in the pool where content can begin. */
const POOL_STARTS = 8 * MiB;

/** Returns the same MAC for the same name. The MACs are distributed like real ones. */
export function macFor(name: string): Mac {
  return Mac.fromBytes(createHash("sha256").update(name).digest());
}

/** Bytes without repetitions. */
let pool = new Uint8Array(0);

/**
 * Returns the same bytes for the same seed. They never repeat, so that bytes from a wrong position or another resource
 * are noticed. The bytes are shared: do not modify them.
 */
export function contentFor(seed: string, length: number): Uint8Array {
  // All content comes from the same pool, but from different positions.
  const start = createHash("sha256").update(seed).digest().readUIntBE(0, 3) % POOL_STARTS;
  if (pool.length < start + length) pool = pseudoRandom(Math.max(2 * POOL_STARTS, start + length));
  return pool.subarray(start, start + length);
}

function pseudoRandom(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    createCipheriv("aes-128-ctr", Buffer.alloc(16, "kloset"), Buffer.alloc(16)).update(Buffer.alloc(length)),
  );
}

/** Splits content into pieces, cycling through the sizes. Each piece becomes one message. */
export function* inPieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array, void, undefined> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** Splits content into pieces of one size, and yields to other calls before each. */
export async function* interleaved(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of inPieces(bytes, [size])) {
    await new Promise((resolve) => setImmediate(resolve));
    yield piece;
  }
}
