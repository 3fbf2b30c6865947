import { describe, expect, it } from "@jest/globals";
import { changeOf, describeChange, type FileState } from "./changing-files.js";

const state = (size: bigint, mtimeNs = 1n, ctimeNs = 1n, rest: Partial<FileState> = {}): FileState => ({
  size,
  mtimeNs,
  ctimeNs,
  mode: 0o100644n,
  uid: 0n,
  gid: 0n,
  nlink: 1n,
  ...rest,
});

describe("changeOf", () => {
  it.each<[string, FileState, number, ReturnType<typeof changeOf>]>([
    ["nothing", state(100n), 100, "none"],
    ["a mode", state(100n, 1n, 2n, { mode: 0o100600n }), 100, "none"],
    ["an owner", state(100n, 1n, 2n, { uid: 1n }), 100, "none"],
    ["a group", state(100n, 1n, 2n, { gid: 1n }), 100, "none"],
    ["a new name", state(100n, 1n, 2n, { nlink: 2n }), 100, "none"],
    ["its end", state(150n, 2n, 2n), 100, "grown"],
    ["its end, which was seen", state(150n, 2n, 2n), 101, "grown"],
    ["its size, downwards", state(50n, 2n, 2n), 50, "modified"],
    ["its size, downwards and up again", state(150n, 2n, 2n), 50, "modified"],
    ["its content", state(100n, 2n, 2n), 100, "modified"],
    ["its content and its mode", state(100n, 2n, 2n, { mode: 0o100600n }), 100, "modified"],
    ["its content, with its time restored", state(100n, 1n, 2n), 100, "status"],
    ["nothing, with less content than its size", state(100n), 5, "length"],
    ["nothing, with more content than its size", state(100n), 101, "length"],
  ])("recognizes a change of %s", (_, after, count, change) => {
    expect(changeOf(state(100n), after, count)).toBe(change);
  });
});

describe("describeChange", () => {
  it.each([
    [state(50n), 50, '"/a" changed while it was read: 100 bytes at the start, 50 read'],
    [state(150n), 101, '"/a" changed while it was read: 100 bytes at the start, at least 101 read'],
    [state(150n), 100, '"/a" changed while it was read: 100 bytes at the start, 150 at the end'],
    [state(100n, 2n), 100, '"/a" changed while it was read: its content was modified'],
    [state(100n, 1n, 2n), 100, '"/a" changed while it was read: its content, attributes or names were modified'],
  ])("names the file and the change (case %#)", (after, count, text) => {
    expect(describeChange("/a", state(100n), after, count)).toBe(text);
  });
});
