import { describe, expect, it } from "@jest/globals";
import { MARK_INTERVAL, MarkCheck, consumeSlowly, markedBytes } from "./marked-bytes.js";

const TOTAL = 3 * MARK_INTERVAL + 5;

function checked(chunks: Iterable<Uint8Array>): MarkCheck {
  const check = new MarkCheck();
  for (const chunk of chunks) check.add(chunk);
  return check;
}

/** Splits the same bytes at other offsets. */
function recut(size: number): Uint8Array[] {
  const all = Buffer.concat([...markedBytes(TOTAL)]);
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.subarray(index * size, (index + 1) * size),
  );
}

describe("marked bytes", () => {
  it.each([MARK_INTERVAL, 64 * 1024, 1_000_003, 5_000_000])("are verified in chunks of %d", (size) => {
    const check = checked(recut(size));
    check.expect(TOTAL);
    expect(() => {
      check.expect(TOTAL + 1);
    }).toThrow(`received ${TOTAL} bytes, expected ${TOTAL + 1}`);
  });

  it("reveal chunks that were lost, duplicated or reordered", () => {
    const [first, second, ...rest] = [...markedBytes(TOTAL)] as [Uint8Array, Uint8Array];
    expect(() => checked([first, ...rest])).toThrow("byte 1048576 has the mark of byte 2097152");
    expect(() => checked([first, first, second])).toThrow("byte 1048576 has the mark of byte 0");
    expect(() => checked([second, first])).toThrow("byte 0 has the mark of byte 1048576");
    expect(() => checked([first.subarray(1), second])).toThrow();
  });

  it("are counted by a slow consumer", async () => {
    expect(await consumeSlowly(markedBytes(TOTAL))).toBe(TOTAL);
  });
});
