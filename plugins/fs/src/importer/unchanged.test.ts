import { describe, expect, it } from "@jest/globals";
import { assertUnchanged, type FileState } from "./unchanged.js";

const state = (size: bigint, mtimeNs = 1n, ctimeNs = 1n): FileState => ({ size, mtimeNs, ctimeNs });

describe("assertUnchanged", () => {
  it("accepts an unchanged file", () => {
    expect(() => {
      assertUnchanged("/a", state(5n), state(5n), 5);
    }).not.toThrow();
  });

  it.each([
    [state(100n), state(50n), 50, '"/a" changed while it was read: 100 bytes at the start, 50 read'],
    [state(100n), state(150n), 101, '"/a" changed while it was read: 100 bytes at the start, at least 101 read'],
    [state(100n), state(150n), 100, '"/a" changed while it was read: 100 bytes at the start, 150 at the end'],
    [state(100n), state(100n, 2n), 100, '"/a" changed while it was read: its content was modified'],
    [
      state(100n),
      state(100n, 1n, 2n),
      100,
      '"/a" changed while it was read: its content, attributes or names were modified',
    ],
  ])("reports a change (case %#)", (before, after, count, message) => {
    expect(() => {
      assertUnchanged("/a", before, after, count);
    }).toThrow(new Error(message));
  });
});
