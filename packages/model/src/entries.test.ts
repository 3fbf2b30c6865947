import { describe, expect, it } from "@jest/globals";
import type { Entry } from "./entry.js";
import { directory, entry, file, symlink } from "./entries.js";
import { fileInfoOf } from "./file-info.js";

describe("file, directory and symlink", () => {
  it("create entries with the values of fileInfoOf", () => {
    const read = (): Uint8Array => new Uint8Array(3);
    const modTime = new Date("2026-01-02");
    expect(file("/a", { size: 3, modTime, read, extendedAttributes: ["user.color"], fileAttributes: 32 })).toEqual({
      pathname: "/a",
      fileInfo: fileInfoOf({ size: 3, modTime }),
      read,
      extendedAttributes: ["user.color"],
      fileAttributes: 32,
    });
    expect(directory("/d", { permissions: 0o700, uid: 7 })).toEqual({
      pathname: "/d",
      fileInfo: fileInfoOf({ type: "directory", permissions: 0o700, uid: 7 }),
    });
    expect(symlink("/s", "../a", { modTime })).toEqual({
      pathname: "/s",
      target: "../a",
      fileInfo: fileInfoOf({ type: "symlink", modTime }),
    });
  });

  it("have no keys for options that are absent", () => {
    expect(Object.keys(file("/a"))).toEqual(["pathname", "fileInfo"]);
    expect(Object.keys(directory("/d"))).toEqual(["pathname", "fileInfo"]);
    expect(Object.keys(symlink("/s", "a"))).toEqual(["pathname", "fileInfo", "target"]);
  });

  it("leave invalid values to the check of the entry", () => {
    expect(String(file("/a", { modTime: new Date("never") }).fileInfo.modTime)).toContain("invalid date");
    expect(String(directory("/a", { permissions: 0o10000 }).fileInfo.mode)).toContain("permissions");
  });
});

describe("entry", () => {
  it("returns the entry", async () => {
    const made = file("/a");
    expect(entry("/a", () => made)).toBe(made);
    expect(await entry("/a", () => Promise.resolve(made))).toBe(made);
  });

  it("turns a throw or a rejection into an error entry", async () => {
    const error = new Error("no such note");
    expect(
      entry("/a", () => {
        throw error;
      }),
    ).toEqual({ pathname: "/a", error });
    expect(await entry("/a", () => Promise.reject<Entry>(error))).toEqual({ pathname: "/a", error });
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- authors may throw anything
    expect(await entry("/a", () => Promise.reject<Entry>())).toEqual({ pathname: "/a", error: "undefined was thrown" });
  });

  it("reports a function that returns no entry", async () => {
    const error = new TypeError('entry(): expected an entry from the function, got undefined; is a "return" missing?');
    expect(entry("/a", () => undefined as unknown as Entry)).toEqual({ pathname: "/a", error });
    expect(await entry("/a", () => Promise.resolve(undefined as unknown as Entry))).toEqual({ pathname: "/a", error });
  });
});
