import { describe, expect, it } from "@jest/globals";
import { defineImporter, type Importer } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";
import { compareTrees, testContext, tree, type TreeInit } from "./index.js";

describe("tree", () => {
  it("adds the root and missing parents, and orders parents first", () => {
    const built = tree({ "/a/b/c": "x", "/a.txt": new Uint8Array([1, 2]), "/a/": { permissions: 0o700 } });
    expect(built.pathnames).toEqual(["/", "/a", "/a/b", "/a/b/c", "/a.txt"]);
    expect([...built].map(({ type }) => type)).toEqual(["directory", "directory", "directory", "file", "file"]);
    expect(built.get("/a/b/c").fileInfo).toMatchObject({ size: 1, nlink: 1 });
    expect(tree({}).pathnames).toEqual(["/"]);
  });

  it("gives hard links the content and the inode of their file", () => {
    const built = tree({ "/b": { hardLink: "/c" }, "/c": { content: "x", uid: 7 } });
    expect(built.get("/b").fileInfo).toEqual(built.get("/c").fileInfo);
    expect(built.get("/b").fileInfo).toMatchObject({ nlink: 2, uid: 7 });
    expect(built.text("/b")).toBe("x");
  });

  it.each<[TreeInit, string]>([
    [{ "a.txt": "" }, 'a pathname is absolute and has no empty component, "." or "..", got "a.txt"'],
    [{ "/a//b": "" }, 'got "/a//b"'],
    [{ "/a/../b": "" }, 'got "/a/../b"'],
    [{ "/a\0b": "" }, 'got "/a\\u0000b"'],
    [{ "/a": "", "/a/": {} }, '"/a" occurs twice'],
    [{ "/a": "", "/a/b": "" }, '"/a/b" is below "/a", which is a file'],
    [{ "/a": { hardLink: "/b" } }, 'a hard link leads to "/b", which is not a file of the tree'],
    [{ "/a": {} }, '"/a": expected content, or an object with "content", "target", "hardLink" or "type"'],
    [{ "/a/": "text" }, '"/a/" ends with "/", so expected the attributes of a directory'],
    [{ "/a/": { target: "b" } }, '"/a/" ends with "/"'],
  ])("rejects %j", (init, text) => {
    expect(() => tree(init)).toThrow(text);
  });

  it("rejects access to what it does not have", () => {
    const built = tree({ "/a": "x" });
    expect(() => built.get("/b")).toThrow('the tree has no "/b", only "/", "/a"');
    expect(() => built.text("/")).toThrow('"/" has no content: it is of type "directory"');
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`/${i}`, ""]));
    expect(() => tree(many).get("/x")).toThrow("and 3 more");
  });
});

describe("compareTrees", () => {
  const expected: TreeInit = { "/a": "abc", "/d/": {}, "/l": { target: "a" } };

  it("finds no difference between equal trees", () => {
    expect(compareTrees(expected, tree(expected))).toEqual([]);
  });

  it.each<[string, TreeInit, TreeInit, string[]]>([
    ["entries", expected, { "/a": "abc", "/x": "" }, ['"/d" is missing', '"/l" is missing', '"/x" is not expected']],
    ["types", { "/a": "" }, { "/a/": {} }, ['"/a" is of type "directory", expected "file"']],
    ["text", { "/a": "abc" }, { "/a": "abd" }, ['"/a" has the content "abd", expected "abc"']],
    [
      "bytes",
      { "/a": new Uint8Array([1, 255]) },
      { "/a": new Uint8Array([1, 254]) },
      ['"/a" differs in the content: the bytes differ from byte 1 on (2 bytes, expected 2)'],
    ],
    [
      "long content",
      { "/a": "x".repeat(100) },
      { "/a": "x".repeat(99) },
      ['"/a" differs in the content: the bytes differ from byte 99 on (99 bytes, expected 100)'],
    ],
    ["targets", { "/l": { target: "a" } }, { "/l": { target: "b" } }, ['"/l" points to "b", expected "a"']],
    ["hard links", { "/a": "", "/b": { hardLink: "/a" } }, { "/a": "", "/b": "" }, ['"/b" is not a hard link to "/a"']],
    [
      "attributes that are stated",
      { "/a": { content: "", permissions: 0o600, modTime: 1n, uid: 1, username: "me" } },
      { "/a": { content: "", permissions: 0o644, modTime: 2n, uid: 2, gid: 9, groupname: "us" } },
      [
        '"/a" has permissions 0o644, expected 0o600',
        '"/a" has modTime 2 ns, expected 1 ns',
        '"/a" has uid 2, expected 1',
        '"/a" has username "", expected "me"',
      ],
    ],
    [
      "extended attributes",
      { "/a": { content: "", extendedAttributes: { x: "1", y: "2" } } },
      { "/a": { content: "", extendedAttributes: { x: "2", z: "3" } } },
      [
        '"/a" has the extended attribute "x" with the value "2", expected "1"',
        '"/a" lacks the extended attribute "y"',
        '"/a" has the extended attribute "z", which is not expected',
      ],
    ],
  ])("describes differences of %s", (_, wanted, got, differences) => {
    expect(compareTrees(wanted, got)).toEqual(differences);
  });

  it("ignores attributes on demand, and the permissions of links", () => {
    const [wanted, got] = [
      { content: "", uid: 1, gid: 1 },
      { content: "", uid: 2, gid: 2 },
    ];
    expect(compareTrees({ "/a": wanted }, { "/a": got }, { ignore: ["uid"] })).toEqual(['"/a" has gid 2, expected 1']);
    const link = { target: "a", permissions: 0o700 };
    expect(compareTrees({ "/l": link }, { "/l": { target: "a" } })).toEqual([]);
  });
});

describe("testContext", () => {
  const importer = {} as Importer;

  it("fills what a test does not state", () => {
    const context = testContext({ config: { page_size: 2 } });
    expect(context).toMatchObject({
      location: "test:///",
      protocol: "test",
      config: { page_size: 2 },
      options: { maxConcurrency: 1, excludes: [] },
      logged: [],
    });
    expect(context.signal.aborted).toBe(false);
    expect(testContext()).toMatchObject({ config: {} });
  });

  it("keeps what a test states", () => {
    const { signal } = new AbortController();
    const context = testContext({ location: "s3://bucket", signal, options: { hostname: "h" } });
    expect(context).toMatchObject({ protocol: "s3", options: { hostname: "h", os: "linux" } });
    expect(context.signal).toBe(signal);
  });

  it("suits connect, whose types are inferred, and a factory", async () => {
    const connect = ({ config, log }: { config: { count: number }; log: { warn(text: string): void } }): Importer => {
      log.warn(`count is ${config.count}`);
      return importer;
    };
    const context = testContext({ config: { count: 3 } });
    expect(connect(context)).toBe(importer);
    expect(context.logged).toEqual([{ level: "warn", message: "count is 3", fields: {} }]);
    const defined = defineImporter({ config: { count: option.integer() }, connect: () => importer });
    expect(await defined.factory(testContext({ config: { count: "3" } }))).toBe(importer);
    await expect(defined.factory(testContext())).rejects.toThrow('config key "count" is missing');
  });
});
