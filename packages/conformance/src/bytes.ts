import { Violation } from "./violation.js";

/** Reads a source to its end. @throws Violation above the limit, in case the source is endless. */
export async function readAll(source: AsyncIterable<Uint8Array>, limit = 64 * 1024 * 1024): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > limit) throw new Violation(`the plugin sent more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws Violation that names the first byte that differs. */
export function requireSameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  const difference = differenceOfBytes(actual, expected);
  if (difference !== undefined) throw new Violation(`${what}: ${difference}`);
}

/** Describes how two contents differ: the first byte that does, and both lengths. Returns undefined if they are equal. */
export function differenceOfBytes(actual: Uint8Array, expected: Uint8Array): string | undefined {
  const first = firstDifference(actual, expected);
  if (first === undefined) return undefined;
  return `the bytes differ from byte ${first} on (${actual.length} bytes, expected ${expected.length})`;
}

function firstDifference(actual: Uint8Array, expected: Uint8Array): number | undefined {
  if (Buffer.compare(actual, expected) === 0) return undefined;
  const shorter = Math.min(actual.length, expected.length);
  for (let index = 0; index < shorter; index++) if (actual[index] !== expected[index]) return index;
  return shorter;
}
