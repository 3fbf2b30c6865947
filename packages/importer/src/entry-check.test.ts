import { describe, expect, it } from "@jest/globals";
import { MAX_MESSAGE_BYTES } from "@kloset/wire/grpc";
import { fileInfoOf, fileModeFromPosix, type FileInfo, type FileType } from "@kloset/model";
import fc from "fast-check";
import { checkEntry } from "./entry-check.js";

// Fixed seed: the same cases in every run.
fc.configureGlobal({ seed: 20260401 });

const fileInfo = fileInfoOf();
const ofType = (type: FileType) => fileInfoOf({ type });
const read = () => [];

function throwing(key: string): object {
  return Object.defineProperty({}, key, {
    enumerable: true,
    get: () => {
      throw new Error("no business of yours");
    },
  });
}

describe("checkEntry", () => {
  it("keeps all fields of a record", () => {
    const entry = {
      pathname: "/a/b",
      fileInfo: fileInfoOf({ type: "symlink", size: 3, nlink: 2 }),
      target: "../c",
      extendedAttributes: ["user.a"],
      fileAttributes: 32,
    };
    expect(checkEntry(entry, "/")).toEqual({
      type: "record",
      pathname: "/a/b",
      fileInfo: expect.objectContaining({ name: "b", size: 3n, nlink: 2 }) as unknown,
      target: "../c",
      extendedAttributes: ["user.a"],
      fileAttributes: 32,
      read: undefined,
    });
  });

  it("treats an empty target as absent for every type", () => {
    for (const type of ["file", "directory", "fifo", "irregular"] as const) {
      expect(checkEntry({ pathname: "/a", fileInfo: fileInfoOf({ type }), target: "" }, "/")).toMatchObject({
        type: "record",
        target: "",
      });
    }
  });

  it("accepts a class that defines read for all of its entries", () => {
    class Node {
      readonly pathname = "/a";
      constructor(
        readonly fileInfo: FileInfo,
        readonly target = "",
      ) {}
      read(): Uint8Array {
        throw new Error("not asked for");
      }
    }
    for (const type of ["file", "directory", "fifo"] as const) {
      expect(checkEntry(new Node(fileInfoOf({ type })), "/")).toMatchObject({ type: "record" });
    }
    expect(checkEntry(new Node(fileInfoOf({ type: "symlink" }), "b"), "/")).toMatchObject({
      type: "record",
      target: "b",
    });
    expect(checkEntry(new Node(fileInfoOf({ type: "irregular" })), "/")).toEqual({
      type: "error",
      pathname: "/a",
      message: '"/a" has a read, but its type is "irregular", not "file": its content would be lost',
    });
  });

  it("keeps all fields of an attribute", () => {
    expect(checkEntry({ pathname: "/a", attribute: { name: "user.a", kind: "ads" } }, "/")).toEqual({
      type: "attribute",
      pathname: "/a",
      attribute: { name: "user.a", kind: "ads" },
      read: undefined,
    });
  });

  it.each([
    [new Error("EACCES: permission denied"), "EACCES: permission denied"],
    ["just text", "just text"],
    ["", "the plugin threw an empty string"],
    [new Error(""), "Error"],
    ["a\ud800b", "a\ufffdb"],
  ])("keeps the message of the error entry %p, and never sends an empty one", (error, message) => {
    expect(checkEntry({ pathname: "/a", error }, "/")).toEqual({ type: "error", pathname: "/a", message });
  });

  it("accepts unusual but valid names", () => {
    for (const pathname of [
      "/",
      "/a b",
      "/line\nbreak",
      '/"quoted"',
      "/ünï/🦊",
      "/...",
      "/..a",
      "/a..",
      "/.hidden",
      `/${"x".repeat(250)}`,
    ]) {
      expect(checkEntry({ pathname, fileInfo }, "/")).toMatchObject({ type: "record", pathname });
    }
  });

  it("calls read as a method of its entry", () => {
    class Lazy {
      readonly fileInfo = fileInfo;
      constructor(readonly pathname: string) {}
      read() {
        return Buffer.from(this.pathname);
      }
    }
    const checked = checkEntry(new Lazy("/a"), "/");
    expect(checked.type === "record" && checked.read?.open({ signal: new AbortController().signal })).toEqual(
      Buffer.from("/a"),
    );
  });

  it("copies everything that the author could still change", () => {
    const names = ["user.a"];
    const attribute = { name: "user.a", kind: "extended" };
    const record = checkEntry({ pathname: "/a", fileInfo, extendedAttributes: names }, "/");
    const named = checkEntry({ pathname: "/a", attribute }, "/");
    names.push("user.b");
    attribute.name = "user.b";
    expect(record).toMatchObject({ extendedAttributes: ["user.a"] });
    expect(named).toMatchObject({ attribute: { name: "user.a" } });
  });

  it.each<[string, unknown, string, string]>([
    ["undefined", undefined, "/srv", "scan() yielded undefined: an entry is needed"],
    ["null", null, "/srv", "scan() yielded null: an entry is needed"],
    ["a string", "/a", "/srv", 'scan() yielded "/a": an entry is needed'],
    ["no pathname", { fileInfo }, "/srv", "scan() yielded an entry whose pathname is undefined: a string is needed"],
    [
      "a pathname that is bytes",
      { pathname: Uint8Array.of(47), fileInfo },
      "/srv",
      "scan() yielded an entry whose pathname is 1 byte: a string is needed",
    ],
    ["a pathname that throws", throwing("pathname"), "/srv", "no business of yours"],
    ["an empty pathname", { pathname: "", fileInfo }, "/srv", 'pathname must begin with "/": ""'],
    ["a relative pathname", { pathname: "a/b", fileInfo }, "/srv", 'pathname must begin with "/": "a/b"'],
    ["a Windows pathname", { pathname: "C:\\a", fileInfo }, "/srv", 'pathname must begin with "/": "C:\\\\a"'],
    [
      "a pathname with ..",
      { pathname: "/a/../b", fileInfo },
      "/b",
      'pathname must be clean (no empty component, no ".", no ".."): "/a/../b"',
    ],
    [
      "a pathname that leaves the root",
      { pathname: "/../b", fileInfo },
      "/srv",
      'pathname must be clean (no empty component, no ".", no ".."): "/../b"',
    ],
    [
      "a pathname with .",
      { pathname: "/a/.", fileInfo },
      "/a",
      'pathname must be clean (no empty component, no ".", no ".."): "/a/."',
    ],
    [
      "an empty component",
      { pathname: "/a//b", fileInfo },
      "/a/b",
      'pathname must be clean (no empty component, no ".", no ".."): "/a//b"',
    ],
    [
      "a trailing slash",
      { pathname: "/a/", fileInfo },
      "/a",
      'pathname must be clean (no empty component, no ".", no ".."): "/a/"',
    ],
    ["a NUL in the pathname", { pathname: "/a\0b", fileInfo }, "/srv", 'pathname holds a NUL: "/a\\u0000b"'],
    [
      "a pathname with a lone surrogate",
      { pathname: "/a\ud800", fileInfo },
      "/a\ufffd",
      'pathname is not valid Unicode: "/a\\ud800"',
    ],
    [
      "only a pathname",
      { pathname: "/a" },
      "/a",
      "the entry has neither fileInfo nor attribute nor error: { pathname: '/a' }",
    ],
    [
      "a fileInfo of null",
      { pathname: "/a", fileInfo: null },
      "/a",
      "the entry has neither fileInfo nor attribute nor error: { pathname: '/a', fileInfo: null }",
    ],
    [
      "a negative uid",
      { pathname: "/a", fileInfo: { ...fileInfo, uid: -1 } },
      "/a",
      "fileInfo.uid must be an integer from 0 to 4294967295: -1",
    ],
    [
      "a size of NaN",
      { pathname: "/a", fileInfo: { ...fileInfo, size: Number.NaN } },
      "/a",
      "fileInfo.size must be an integer from 0 to 9007199254740991, or absent if unknown: NaN",
    ],
    [
      "a user name with a lone surrogate",
      { pathname: "/a", fileInfo: { ...fileInfo, username: "\udc00" } },
      "/a",
      'fileInfo.username is not valid Unicode: "\\udc00"',
    ],
    [
      "a symbolic link without target",
      { pathname: "/l", fileInfo: ofType("symlink") },
      "/l",
      '"/l" is a symbolic link without a target',
    ],
    [
      "a symbolic link with an empty target",
      { pathname: "/l", fileInfo: ofType("symlink"), target: "" },
      "/l",
      '"/l" is a symbolic link without a target',
    ],
    [
      "a file with a target",
      { pathname: "/f", fileInfo, target: "/x" },
      "/f",
      '"/f" has the target "/x", but its type is "file", not "symlink"',
    ],
    [
      "a directory with a target",
      { pathname: "/d", fileInfo: ofType("directory"), target: "x" },
      "/d",
      '"/d" has the target "x", but its type is "directory", not "symlink"',
    ],
    [
      "a directory with a read",
      { pathname: "/d", fileInfo: ofType("directory"), read },
      "/d",
      '"/d" has a read, but its type is "directory", not "file": its content would be lost',
    ],
    [
      "a symbolic link with a read",
      { pathname: "/l", fileInfo: ofType("symlink"), target: "x", read },
      "/l",
      '"/l" has a read, but its type is "symlink", not "file": its content would be lost',
    ],
    [
      "permissions converted as if they were a POSIX mode",
      { pathname: "/m", fileInfo: { ...fileInfo, mode: fileModeFromPosix(0o644) }, read },
      "/m",
      '"/m" has a read, but its type is "irregular", not "file": its content would be lost',
    ],
    [
      "a file and its attribute in one entry",
      { pathname: "/f", fileInfo, attribute: { name: "user.x", kind: "extended" }, read },
      "/f",
      '"/f" has fileInfo and attribute in one entry: yield one for the file, and one for its attribute',
    ],
    [
      "a target with a lone surrogate",
      { pathname: "/a", fileInfo, target: "b\udc00" },
      "/a",
      'target is not valid Unicode: "b\\udc00"',
    ],
    [
      "a target that is bytes",
      { pathname: "/a", fileInfo, target: Uint8Array.of(1) },
      "/a",
      "target must be a string: 1 byte",
    ],
    ["a NUL in the target", { pathname: "/a", fileInfo, target: "b\0" }, "/a", 'target holds a NUL: "b\\u0000"'],
    [
      "attribute names that are not an array",
      { pathname: "/a", fileInfo, extendedAttributes: "user.a" },
      "/a",
      'extendedAttributes must be an array: "user.a"',
    ],
    [
      "an attribute name that is a number",
      { pathname: "/a", fileInfo, extendedAttributes: [5] },
      "/a",
      "the name of an extended attribute must be a string: 5",
    ],
    [
      "an attribute that is null",
      { pathname: "/a", attribute: null },
      "/a",
      "the attribute of the entry is null: a name and a kind are needed",
    ],
    [
      "an attribute without a kind",
      { pathname: "/a", attribute: { name: "x" } },
      "/a",
      'the kind of an extended attribute is "extended", "ads" or "custom": undefined',
    ],
    [
      "an attribute of an unknown kind",
      { pathname: "/a", attribute: { name: "x", kind: "EXTENDED" } },
      "/a",
      'the kind of an extended attribute is "extended", "ads" or "custom": "EXTENDED"',
    ],
    [
      "an attribute with an empty name",
      { pathname: "/a", attribute: { name: "", kind: "ads" } },
      "/a",
      "the name of an extended attribute is empty",
    ],
    [
      "an attribute name with a lone surrogate",
      { pathname: "/a", attribute: { name: "\ud800", kind: "ads" } },
      "/a",
      'the name of an extended attribute is not valid Unicode: "\\ud800"',
    ],
    [
      "a NUL in an attribute name",
      { pathname: "/a", attribute: { name: "x\0", kind: "ads" } },
      "/a",
      'the name of an extended attribute holds a NUL: "x\\u0000"',
    ],
    [
      "a read that is not a function",
      { pathname: "/a", fileInfo, read: Buffer.from("x") },
      "/a",
      "read must be a function: 1 byte",
    ],
    [
      "file attributes of 33 bits",
      { pathname: "/a", fileInfo, fileAttributes: 2 ** 32 },
      "/a",
      "fileAttributes must be an integer from 0 to 4294967295: 4294967296",
    ],
    ["a fileInfo that throws", { pathname: "/a", ...{ fileInfo: throwing("mode") } }, "/a", "no business of yours"],
  ])("reports %s as an error", (_name, entry, pathname, message) => {
    const checked = checkEntry(entry, "/srv");
    expect(checked).toEqual({ type: "error", pathname, message });
  });

  it.each([
    ["relative", "/srv", '"relative": EACCES'],
    ["/a/../b", "/b", '"/a/../b": EACCES'],
    ["/a\ud800", "/a\ufffd", '"/a\\ud800": EACCES'],
    ["/a\0", "/srv", '"/a\\u0000": EACCES'],
    [undefined, "/srv", "undefined: EACCES"],
  ])("keeps the author's message for an error entry with the pathname %j", (pathname, reported, message) => {
    expect(checkEntry({ pathname, error: new Error("EACCES") }, "/srv")).toEqual({
      type: "error",
      pathname: reported,
      message,
    });
  });

  it("returns an entry that hosts accept for any value", () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withNullPrototype: true });
    const pathname = fc.oneof(
      anything,
      fc.string({ unit: "binary" }).map((text) => `/${text}`),
    );
    const info = fc.oneof(
      anything,
      fc.constant(fileInfo),
      fc.record({ ...Object.fromEntries(Object.keys(fileInfo).map((key) => [key, anything])) }),
    );
    const entry = fc.record(
      {
        pathname,
        fileInfo: info,
        error: anything,
        target: anything,
        attribute: anything,
        extendedAttributes: anything,
        read: anything,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(anything, entry), (value) => {
        const checked = checkEntry(value, "/srv");
        expect(checked.pathname).toMatch(/^\//);
        expect(checked.pathname.isWellFormed()).toBe(true);
        if (checked.type === "error") {
          expect(checked.message).not.toBe("");
          expect(checked.message.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  describe("an entry too long for one message", () => {
    const long = MAX_MESSAGE_BYTES;

    it.each<[string, () => unknown]>([
      ["a pathname", () => ({ pathname: `/${"x".repeat(long)}`, fileInfo })],
      ["a target", () => ({ pathname: "/a", fileInfo: ofType("symlink"), target: "x".repeat(long) })],
      [
        "a target of wide characters",
        () => ({ pathname: "/a", fileInfo: ofType("symlink"), target: "€".repeat(long / 3) }),
      ],
      ["a user name", () => ({ pathname: "/a", fileInfo: { ...fileInfo, username: "x".repeat(long) } })],
      ["a group name", () => ({ pathname: "/a", fileInfo: { ...fileInfo, groupname: "x".repeat(long) } })],
      [
        "many attribute names",
        () => ({ pathname: "/a", fileInfo, extendedAttributes: new Array<string>(long / 64).fill("x".repeat(64)) }),
      ],
      [
        "very many short attribute names",
        () => ({ pathname: "/a", fileInfo, extendedAttributes: new Array<string>(long / 4).fill("x") }),
      ],
      ["the name of an attribute", () => ({ pathname: "/a", attribute: { name: "x".repeat(long), kind: "ads" } })],
      [
        "the pathname of an attribute",
        () => ({ pathname: `/${"x".repeat(long)}`, attribute: { name: "x", kind: "ads" } }),
      ],
    ])("becomes a short error: %s", (_name, entryOf) => {
      const checked = checkEntry(entryOf(), "/srv");
      expect(checked).toMatchObject({
        type: "error",
        message: expect.stringMatching(/^the texts of the entry have \d+ bytes, and a message holds \d+$/) as unknown,
      });
      expect(["/a", "/srv"]).toContain(checked.pathname);
    });

    it("is reported for the root if its pathname is too long", () => {
      const checked = checkEntry({ pathname: `/${"x".repeat(long)}`, error: "EACCES" }, "/srv");
      expect(checked).toMatchObject({ type: "error", pathname: "/srv" });
      expect(checked.type === "error" && checked.message.endsWith(": EACCES")).toBe(true);
      expect(checked.type === "error" && checked.message.length).toBeLessThan(2000);
    });

    it("is not reported while its size is below the limit", () => {
      const target = "x".repeat(3_900_000);
      expect(checkEntry({ pathname: "/a", fileInfo: ofType("symlink"), target }, "/srv")).toMatchObject({
        type: "record",
        target,
      });
    });
  });
});
