import { createCipheriv, createHash } from "node:crypto";
import { Mac, type ResourceKind } from "@kloset/model";

/** The kinds that released hosts use. */
export type HostKind = Extract<ResourceKind, "packfile" | "state" | "lock">;

/** The kinds that released hosts use: every storage keeps them. */
export const KINDS: readonly HostKind[] = ["packfile", "state", "lock"];

export const MiB = 1024 * 1024;

/** More than the kit takes of a Get that it does not read: the plugin is still in the middle of it. */
export const BEYOND_WINDOW = 5 * MiB;

/** In how many places content can begin. */
const POOL_STARTS = 8 * MiB;

/** @returns The same MAC for the same name, spread as real ones are. */
export function macFor(name: string): Mac {
  return Mac.fromBytes(createHash("sha256").update(name).digest());
}

/** Bytes of which no two parts are the same. */
let pool = new Uint8Array(0);

/**
 * @returns The same bytes for the same seed. They do not repeat: bytes from a
 * wrong place, or of another resource, are never the right ones by chance. Do not
 * write to them.
 */
export function contentFor(seed: string, length: number): Uint8Array {
  // A long one is cut from the same bytes as all others, but from a place of its own.
  const start = createHash("sha256").update(seed).digest().readUIntBE(0, 3) % POOL_STARTS;
  if (pool.length < start + length) pool = pseudoRandom(Math.max(2 * POOL_STARTS, start + length));
  return pool.subarray(start, start + length);
}

function pseudoRandom(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    createCipheriv("aes-128-ctr", Buffer.alloc(16, "kloset"), Buffer.alloc(16)).update(Buffer.alloc(length)),
  );
}

/** Cuts content into pieces whose sizes repeat in turn. Each goes to the plugin as a message of its own. */
export function* inPieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array, void, undefined> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** The same, with a pause before each piece in which other calls go on. */
export async function* interleaved(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of inPieces(bytes, [size])) {
    await new Promise((resolve) => setImmediate(resolve));
    yield piece;
  }
}
