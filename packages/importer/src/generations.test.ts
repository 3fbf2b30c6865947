import { describe, expect, it } from "@jest/globals";
import { fileInfoFromWire } from "@kloset/adapter";
import {
  baseName,
  FileMode,
  fileInfoOf,
  isRegularFile,
  parentsOf,
  type ByteSource,
  type Entry,
  type FileInfo,
  type FileType,
} from "@kloset/model";
import { noticesOfEach } from "@kloset/test-support";
import fc from "fast-check";
import type { Importer } from "./importer.js";
import { initialisedV1_0, initialisedV1_1 } from "./testing/clients.js";
import { importAll } from "./testing/host-v1_1.js";
import { collect, directory, file, importerOf, textOf } from "./testing/importers.js";
import { MAX_COMPLETED } from "./tree.js";

// Fixed seed: the same cases in every run.
fc.configureGlobal({ seed: 20260401 });

/** An entry as received by a host of either generation. */
interface Received {
  readonly pathname: string;
  readonly error?: string;
  readonly target?: string;
  readonly fileInfo?: FileInfo;
  readonly fileAttributes?: number;
  readonly content?: string;
}

const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
  .map((text) => text.replaceAll(/[/\0]/g, "_"))
  .filter((text) => text !== "." && text !== "..");

const types: FileType[] = [
  "file",
  "file",
  "file",
  "directory",
  "symlink",
  "fifo",
  "socket",
  "block-device",
  "char-device",
  "irregular",
];

const entry = fc.record({
  path: fc.array(name, { minLength: 1, maxLength: 4 }),
  type: fc.constantFrom(...types),
  permissions: fc.integer({ min: 0, max: 0o7777 }),
  content: fc.string({ maxLength: 20 }),
  target: name,
  modTime: fc.bigInt({ min: -(10n ** 19n), max: 10n ** 20n }),
  dev: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ino: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  uid: fc.integer({ min: 0, max: 0xffff_ffff }),
  gid: fc.integer({ min: 0, max: 0xffff_ffff }),
  nlink: fc.integer({ min: 0, max: 0xffff }),
  username: name,
  groupname: name,
  flags: fc.integer({ min: 0, max: 0xffff_ffff }),
  fileAttributes: fc.integer({ min: 0, max: 0xffff_ffff }),
  error: fc.option(fc.string({ minLength: 1 }), { nil: undefined, freq: 10 }),
  attributes: fc.dictionary(name, fc.string({ maxLength: 9 }), { maxKeys: 2 }),
});

interface Tree {
  /** The entries that the importer yields: directories before their content. */
  readonly entries: Entry[];
  /** The entries to be received, without extended attributes. */
  readonly expected: Received[];
  /** The attributes to be received, as "pathname name value". */
  readonly attributes: string[];
}

function isAbove(above: readonly string[], path: readonly string[]): boolean {
  return above.length < path.length && above.every((part, i) => part === path[i]);
}

const tree: fc.Arbitrary<Tree> = fc
  .uniqueArray(entry, { maxLength: 8, selector: ({ path }) => path.join("/") })
  .map((nodes) => {
    const leaves = nodes.filter(({ type, error }) => type !== "directory" && error === undefined);
    return nodes
      .filter(({ path }) => !leaves.some((leaf) => isAbove(leaf.path, path)))
      .sort((a, b) => a.path.length - b.path.length);
  })
  .map((nodes) => {
    const entries: Entry[] = [];
    const expected: Received[] = [];
    const attributes: string[] = [];
    for (const { path, content, target, error, fileAttributes, attributes: values, ...info } of nodes) {
      const pathname = `/${path.join("/")}`;
      if (error !== undefined) {
        entries.push({ pathname, error: new Error(error) });
        expected.push({ pathname, error });
        continue;
      }
      const bytes = Buffer.from(content);
      const fileInfo = { ...fileInfoOf({ ...info, size: bytes.length }), name: baseName(pathname) };
      const regular = isRegularFile(fileInfo.mode);
      const linked = info.type === "symlink" ? target : "";
      entries.push({
        pathname,
        // The SDK derives the name from the pathname.
        fileInfo: { ...fileInfo, name: "" },
        fileAttributes,
        target: linked,
        extendedAttributes: Object.keys(values),
        ...(regular && { read: () => [bytes.subarray(0, 3), bytes.subarray(3)] }),
      });
      expected.push({ pathname, fileInfo, fileAttributes, target: linked, ...(regular && { content }) });
      for (const [key, value] of Object.entries(values)) {
        entries.push({ pathname, attribute: { name: key, kind: "extended" }, read: () => Buffer.from(value) });
        attributes.push(`${pathname} ${key} ${value}`);
      }
    }
    return { entries, expected, attributes };
  });

type Scan = Parameters<typeof importerOf>[0];

/** Passes entries through a host, which receives those of the SDK as well. */
async function allThroughV1_0(entries: Scan, overrides: Partial<Importer> = {}): Promise<Received[]> {
  const client = await initialisedV1_0(importerOf(entries, overrides));
  const received: Received[] = [];
  for (const { pathname, result } of await collect(client.scan({}))) {
    if (result.case === "error") {
      received.push({ pathname, error: result.value.message });
      continue;
    }
    if (result.case !== "record" || result.value.fileinfo === undefined) throw new Error("unexpected response");
    const { target, fileAttributes, fileinfo } = result.value;
    const fileInfo = fileInfoFromWire(fileinfo);
    if (!isRegularFile(fileInfo.mode)) {
      received.push({ pathname, target, fileAttributes, fileInfo });
      continue;
    }
    const content = await textOf(client.openReader({ pathname }));
    received.push({ pathname, target, fileAttributes, fileInfo, content });
    await client.closeReader({ pathname });
  }
  return received;
}

async function allThroughV1_1(
  entries: Scan,
  overrides: Partial<Importer> = {},
): Promise<{ received: Received[]; attributes: string[] }> {
  const client = await initialisedV1_1(importerOf(entries, overrides));
  const received: Received[] = [];
  const attributes: string[] = [];
  await importAll(
    (results) => client.import(results),
    async (record) => {
      const { pathname, error, isXattr, xattrName, xattrType, target, fileInfo, fileAttributes, hasReader } = record;
      if (error !== "") {
        received.push({ pathname, error });
        return;
      }
      const text = hasReader
        ? await textOf(client.open({ record: { pathname, isXattr, xattrName, xattrType, target } }))
        : undefined;
      if (isXattr) {
        attributes.push(`${pathname} ${xattrName} ${text ?? "(none)"}`);
        return;
      }
      if (fileInfo === undefined) throw new Error("missing fileinfo");
      received.push({
        pathname,
        target,
        fileAttributes,
        fileInfo: fileInfoFromWire(fileInfo),
        ...(text !== undefined && { content: text }),
      });
    },
  );
  return { received, attributes };
}

const everything = [
  ["v1.0", allThroughV1_0],
  ["v1.1", async (...args: Parameters<typeof allThroughV1_0>) => (await allThroughV1_1(...args)).received],
] as const;

/** The same, without the root that the SDK makes. */
const generations = everything.map(
  ([generation, through]) =>
    [generation, async (entries: Scan) => (await through(entries)).filter(({ pathname }) => pathname !== "/")] as const,
);

// The v1.0 adapter also logs that it leaves out attributes.
const notices = noticesOfEach();

describe("a random tree", () => {
  it("arrives unchanged in both generations, with its content, and in v1.1 with its attributes", async () => {
    await fc.assert(
      fc.asyncProperty(tree, async ({ entries, expected, attributes }) => {
        const yielded = new Set(expected.map(({ pathname }) => pathname));
        const withoutMade = (received: Received[]) => received.filter(({ pathname }) => yielded.has(pathname));
        expect(withoutMade(await allThroughV1_0(entries))).toEqual(expected);
        const { received, attributes: found } = await allThroughV1_1(entries);
        expect([withoutMade(received), found]).toEqual([expected, attributes]);
      }),
      { numRuns: 60 },
    );
  });
});

describe.each(generations)("an invalid value in %s", (_generation, through) => {
  function* scan(): Generator<Entry, void, undefined> {
    yield { pathname: "/date", fileInfo: fileInfoOf({ modTime: new Date("never") }) };
    yield { pathname: "/ms", fileInfo: fileInfoOf({ modTime: 1_700_000_000_000 as unknown as bigint }) };
    yield { pathname: "/type", fileInfo: fileInfoOf({ type: "dir" as FileType }) };
    yield { pathname: "/permissions", fileInfo: fileInfoOf({ permissions: 0o100644 }) };
    yield { pathname: "/size", fileInfo: { ...fileInfoOf({ size: -1 }), uid: 5 } };
    yield { pathname: "/posix", fileInfo: { ...fileInfoOf({ type: "directory" }), mode: 0o040755 } };
    yield { pathname: "/last", fileInfo: fileInfoOf({ type: "directory" }) };
  }

  it("is an error of its entry, and the scan continues", async () => {
    const received = await through(scan);
    expect(received.map(({ pathname, error }) => [pathname, error])).toEqual([
      ["/date", "modTime is an invalid date"],
      ["/ms", expect.stringMatching(/^fileInfo\.modTime is 1700000000000: a Date, or nanoseconds as bigint/)],
      ["/type", expect.stringMatching(/^the type must be one of .*: "dir"$/)],
      ["/permissions", expect.stringMatching(/^permissions must be within .*: 33188$/)],
      ["/size", expect.stringMatching(/^fileInfo\.size must be .*: -1$/)],
      ["/posix", expect.stringMatching(/0o40755 .*fileModeFromPosix/)],
      ["/last", undefined],
    ]);
  });
});

describe.each(generations)("an unknown size in %s", (generation, through) => {
  it("arrives as unknown for files, which are read to their end", async () => {
    const received = await through([
      { pathname: "/file", fileInfo: fileInfoOf({ modTime: 1n }), read: () => Buffer.from("abc") },
      { pathname: "/directory", fileInfo: fileInfoOf({ type: "directory" }) },
    ]);
    expect(received.map(({ fileInfo, content }) => [fileInfo?.size, content])).toEqual([
      [undefined, "abc"],
      [0, undefined],
    ]);
    expect(notices()).toEqual([]);
  });

  it("without a time either is reported once, because hosts cannot notice changes", async () => {
    const names = [`/${generation}`, "/b"];
    await through(names.map((pathname) => ({ pathname, fileInfo: fileInfoOf(), read: () => Buffer.from("abc") })));
    expect(notices()).toEqual([
      `importer: "${names[0] ?? ""}" has neither size nor modTime, so later backups miss changes of its content\n`,
    ]);
  });
});

describe.each(generations)("content of the web in %s", (_generation, through) => {
  const bytes = Buffer.from("content");
  const read = (source: () => ByteSource): Promise<Received[]> =>
    through([{ pathname: "/a", fileInfo: fileInfoOf(), read: source }]);

  it.each<[string, () => ByteSource, string]>([
    ["a Response", () => new Response(bytes), "content"],
    ["a Response that is not ok", () => new Response(bytes, { status: 404 }), "content"],
    ["a Response without a body", () => new Response(null), ""],
    ["a Blob", () => new Blob([bytes, bytes]), "contentcontent"],
    ["a File", () => new File([bytes], "name"), "content"],
    ["an ArrayBuffer", () => Uint8Array.from(bytes).buffer, "content"],
    ["a SharedArrayBuffer", () => new SharedArrayBuffer(2), "\0\0"],
  ])("arrives from %s", async (_name, source, content) => {
    expect(await read(source)).toMatchObject([{ content }]);
  });

  it("fails for a Response that was already read", async () => {
    const response = new Response(bytes);
    await response.text();
    await expect(read(() => response)).rejects.toThrow(
      'the content of "/a" is a Response whose body was already read: return it unread',
    );
  });

  it("fails for a Response whose body is being read", async () => {
    const response = new Response(bytes);
    response.body?.getReader();
    await expect(read(() => response)).rejects.toThrow("was already read");
  });

  it("fails for a buffer that was transferred", async () => {
    const { buffer } = Uint8Array.from(bytes);
    structuredClone(buffer, { transfer: [buffer] });
    await expect(read(() => buffer)).rejects.toThrow('the content of "/a" has lost its bytes');
  });
});

describe.each(everything)("directories that are left out, in %s", (generation, through) => {
  const part = fc.constantFrom("a", "b", "ä");
  const path = fc.array(part, { maxLength: 4 });
  /** Returns a directory and its parents, from "/" down. */
  const chainOf = (parts: readonly string[]): string[] => [
    "/",
    ...parts.map((_, i) => `/${parts.slice(0, i + 1).join("/")}`),
  ];
  const summaryOf = (received: readonly Received[]): string[] =>
    received.map(({ pathname, error }) => (error === undefined ? pathname : `${pathname}: ${error}`));
  /** The names of the entries that arrive for entries, which are strings for files, and for errors if they end in "!". */
  const sent = async (root: string, ...entries: readonly (string | Entry)[]): Promise<string[]> => {
    const given = entries.map((each): Entry => {
      if (typeof each !== "string") return each;
      return each.endsWith("!") ? { pathname: each.slice(0, -1), error: "EACCES" } : file(each, "x");
    });
    return summaryOf(await through(given, { root: () => root }));
  };

  it("are made, whatever the others are, so that the tree is complete", async () => {
    const seeds = fc.record({
      root: path,
      files: fc.uniqueArray(path, { maxLength: 12, selector: (parts) => parts.join("/") }),
      more: fc.array(path, { maxLength: 3 }),
      isYielded: fc.func(fc.boolean()),
      isBreadthFirst: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(seeds, async ({ root, files, more, isYielded, isBreadthFirst }) => {
        const directories = [...new Set([root, ...files, ...more].flatMap(chainOf))];
        const yielded = new Set(directories.filter((pathname) => isYielded(pathname)));
        const entries: Entry[] = [
          ...[...yielded].map((pathname) => ({
            pathname,
            fileInfo: fileInfoOf({ type: "directory", permissions: 0o700, modTime: 5n }),
          })),
          ...files.map((parts) => file(`${chainOf(parts).at(-1)?.replace(/\/$/, "") ?? ""}/file`, "content")),
        ].sort((a, b) => {
          const depth = isBreadthFirst ? a.pathname.split("/").length - b.pathname.split("/").length : 0;
          return depth || (a.pathname < b.pathname ? -1 : 1);
        });
        const needed = new Set(
          [root, ...[...yielded].map((pathname) => pathname.split("/").slice(1, -1)), ...files].flatMap(chainOf),
        );
        const expected = [...new Set([...needed, ...entries.map(({ pathname }) => pathname)])].sort();

        const overrides = { root: () => chainOf(root).at(-1) ?? "/" };
        const received = await through(entries, overrides);
        expect(received.map(({ pathname }) => pathname).sort()).toEqual(expected);
        const before = new Set<string>();
        for (const { pathname, fileInfo, content } of received) {
          for (const parent of parentsOf(pathname)) expect(before).toContain(parent);
          before.add(pathname);
          const isFile = content !== undefined;
          expect(isFile).toBe(pathname.endsWith("/file"));
          if (isFile) expect(content).toBe("content");
          else
            expect([fileInfo?.mode, fileInfo?.modTime]).toEqual(
              yielded.has(pathname) ? [FileMode.DIR + 0o700, 5n] : [FileMode.DIR + 0o755, 0n],
            );
        }
        // Hosts compare two scans: both make the same directories, in the same order.
        expect(await through(entries, overrides)).toEqual(received);
      }),
      { numRuns: 60 },
    );
  });

  it("have plain attributes and the names that hosts need", async () => {
    const received = await through([], { root: () => "/srv" });
    const plain = {
      size: 0,
      mode: FileMode.DIR + 0o755,
      modTime: 0n,
      dev: 0n,
      ino: 0n,
      uid: 0,
      gid: 0,
      nlink: 1,
      username: "",
      groupname: "",
      flags: 0,
    };
    expect(received).toEqual([
      { pathname: "/", target: "", fileAttributes: 0, fileInfo: { ...plain, name: "/" } },
      { pathname: "/srv", target: "", fileAttributes: 0, fileInfo: { ...plain, name: "srv" } },
    ]);
  });

  it.each<[string, string, (string | Entry)[], string[]]>([
    ["an empty scan", "/", [], ["/"]],
    ["an empty scan of a deep root", "/srv/data", [], ["/", "/srv", "/srv/data"]],
    ["only the parents of the root", "/srv/data", [directory("/"), directory("/srv")], ["/", "/srv", "/srv/data"]],
    ["a root that is a file", "/srv/file", ["/srv/file"], ["/", "/srv", "/srv/file"]],
    ["an error for the root", "/srv/data", ["/srv/data!"], ["/", "/srv", "/srv/data: EACCES"]],
    ["an error for /", "/", ["/!"], ["/: EACCES", "/"]],
    ["an error, which needs its parents", "/", ["/a/b!"], ["/", "/a", "/a/b: EACCES"]],
    ["an error for a directory, and an entry in it", "/", ["/a!", "/a/b"], ["/", "/a: EACCES", "/a", "/a/b"]],
    ["an error for a directory that was made", "/", ["/a/b", "/a!"], ["/", "/a", "/a/b", "/a: EACCES"]],
    [
      "entries above and outside the root",
      "/srv/data",
      ["/srv/x", "/y/z"],
      ["/", "/srv", "/srv/x", "/y", "/y/z", "/srv/data"],
    ],
    [
      "entries in changing directories",
      "/",
      ["/a/1", "/b/1", "/a/2", "/1", "/a/3"],
      ["/", "/a", "/a/1", "/b", "/b/1", "/a/2", "/1", "/a/3"],
    ],
    ["names that begin alike", "/", ["/ab/1", "/a/1", "/abc"], ["/", "/ab", "/ab/1", "/a", "/a/1", "/abc"]],
    [
      "an extended attribute, which is not a parent",
      "/",
      [{ pathname: "/a/b", attribute: { name: "x", kind: "extended" }, read: () => [] }],
      ["/"],
    ],
  ])("are made for %s", async (_name, root, entries, expected) => {
    expect(await sent(root, ...entries)).toEqual(expected);
  });

  it("are not replaced by a directory that comes after its content: that is an error", async () => {
    const received = await sent("/", "/a/b", directory("/a"), "/a/c", directory("/a"), directory("/"));
    const late = (pathname: string) =>
      `${pathname}: ${JSON.stringify(pathname)} came after an entry below it, for which the SDK had already made a plain ` +
      "directory: yield directories before their content";
    expect(received).toEqual(["/", "/a", "/a/b", late("/a"), "/a/c", late("/a"), late("/")]);
    expect(notices()).toEqual([]);
  });

  it.each<[string, (string | Entry)[], string[]]>([
    [
      "a file in the place of one",
      ["/a/b", "/a", "/a/c"],
      ["/", "/a", "/a/b", '/a: "/a" is not a directory, but entries below it were yielded before', "/a/c"],
    ],
    [
      "a file in the place of one, in a directory that was yielded",
      [directory("/"), "/a/b", "/a"],
      ["/", "/a", "/a/b", expect.stringMatching(/^\/a: .* is not a directory, but/) as unknown as string],
    ],
    [
      "an entry below a file",
      ["/a", "/a/b/c", "/a/b!", "/d"],
      ["/", "/a", '/a/b/c: "/a/b/c" is below "/a", which is not a directory', "/a/b: EACCES", "/d"],
    ],
    [
      "an entry below a link in a directory that was yielded",
      [directory("/"), { pathname: "/a", fileInfo: fileInfoOf({ type: "symlink" }), target: "b" }, "/a/b"],
      ["/", "/a", '/a/b: "/a/b" is below "/a", which is not a directory'],
    ],
    [
      "entries deep below a link, even directories",
      [
        directory("/"),
        directory("/a"),
        { pathname: "/a/l", fileInfo: fileInfoOf({ type: "symlink" }), target: ".." },
        directory("/a/l/b"),
        "/a/l/b/c",
        "/a/d",
      ],
      [
        "/",
        "/a",
        "/a/l",
        '/a/l/b: "/a/l/b" is below "/a/l", which is not a directory',
        '/a/l/b/c: "/a/l/b/c" is below "/a/l", which is not a directory',
        "/a/d",
      ],
    ],
  ])("exclude %s", async (_name, entries, expected) => {
    expect(await sent("/", ...entries)).toEqual(expected);
  });

  it("are not made for a root below a file", async () => {
    expect(await sent("/srv/data", "/srv")).toEqual([
      "/",
      "/srv",
      '/srv/data: "/srv/data" is below "/srv", which is not a directory',
    ]);
  });

  it('are an error of their own entry if their name is empty, "." or "..", not one of the whole snapshot', async () => {
    const bad = ["/a/", "/a/.", "/a/..", "/a//b", "/a/./b", "//"].map((pathname) => directory(pathname));
    const received = await sent("/", directory("/"), directory("/a"), ...bad, "/a/c");
    expect(received.map((text) => text.replace(/: pathname must be clean .*/, "!"))).toEqual([
      ...["/", "/a"],
      ...["/a!", "/a!", "/!", "/a/b!", "/a/b!", "/!"],
      "/a/c",
    ]);
  });

  it("are left out a second time, if they are yielded twice", async () => {
    const name = `/${generation}`;
    expect(await sent("/", directory(name), `${name}/b`, directory(name))).toEqual(["/", name, `${name}/b`]);
    expect(notices()).toEqual([expect.stringContaining(`"${name}" was yielded twice`)]);
  });

  it("are an error if their pathname is too long to be completed", async () => {
    const long = "/a".repeat(MAX_COMPLETED / 2);
    const received = await sent("/", `${long}x/b`, "/c");
    expect(received.map((text) => text.slice(-80))).toEqual([
      expect.stringMatching(/" was not yielded, and is too long \(16385 characters\) to be made$/),
      "/",
      "/c",
    ]);
    // Its 8,192 parents are made once.
    expect((await sent("/", `${long}/b`, `${long}/c`)).length).toBe(1 + MAX_COMPLETED / 2 + 2);
  });
});
