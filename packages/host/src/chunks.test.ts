import { describe, expect, it } from "@jest/globals";
import { CHUNK_BYTES, cutChunks, piecesOf, wholeChunks } from "./chunks.js";

async function lengths(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
  const found: number[] = [];
  for await (const { length } of chunks) found.push(length);
  return found;
}

/** Makes pieces of ascending bytes, so that a misplaced byte is detected. */
function pieces(...sizes: number[]): Uint8Array[] {
  let next = 0;
  return sizes.map((size) => Uint8Array.from({ length: size }, () => next++ % 251));
}

describe("wholeChunks", () => {
  it.each([
    [[], []],
    [[0, 0], []],
    [[1], [1]],
    [[CHUNK_BYTES], [CHUNK_BYTES]],
    [
      [CHUNK_BYTES - 1, 2],
      [CHUNK_BYTES, 1],
    ],
    [[3 * CHUNK_BYTES + 1], [CHUNK_BYTES, CHUNK_BYTES, CHUNK_BYTES, 1]],
    [
      [2_272_360, 727_640],
      [CHUNK_BYTES, CHUNK_BYTES, 902_848],
    ],
    [
      [10, CHUNK_BYTES, 0, CHUNK_BYTES, 5],
      [CHUNK_BYTES, CHUNK_BYTES, 15],
    ],
  ])("splits %j into %j", async (sizes, expected) => {
    const source = pieces(...sizes);
    expect(await lengths(wholeChunks(source))).toEqual(expected);
    const bytes: Uint8Array[] = [];
    for await (const chunk of wholeChunks(source)) bytes.push(chunk);
    expect(Buffer.concat(bytes).equals(Buffer.concat(source))).toBe(true);
  });

  it("yields one empty chunk for empty content if requested", async () => {
    expect(await lengths(wholeChunks(new Uint8Array(0), { emptyChunk: true }))).toEqual([0]);
    expect(await lengths(wholeChunks(pieces(1), { emptyChunk: true }))).toEqual([1]);
    expect(await lengths(wholeChunks(pieces(CHUNK_BYTES), { emptyChunk: true }))).toEqual([CHUNK_BYTES]);
  });
});

describe("cutChunks", () => {
  it("keeps small pieces, splits large ones, skips empty ones", async () => {
    expect(await lengths(cutChunks(pieces(24, 0, 4, CHUNK_BYTES + 1)))).toEqual([24, 4, CHUNK_BYTES, 1]);
  });
});

describe("piecesOf", () => {
  it("accepts every kind of source", async () => {
    expect(await lengths(piecesOf(Uint8Array.of(1, 2)))).toEqual([2]);
    expect(await lengths(piecesOf([Uint8Array.of(1), Uint8Array.of(2, 3)]))).toEqual([1, 2]);
    expect(await lengths(piecesOf(piecesOf(Uint8Array.of(1))))).toEqual([1]);
  });
});
