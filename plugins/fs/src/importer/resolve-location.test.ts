import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileTypeOf, type Entry } from "@kloset/sdk";
import { FsImporter } from "./importer.js";
import { collect, contextOf, errorsOf, makeFolder, namesBelow, recordsOf, removeFolder } from "./testing/fixtures.js";

const context = { signal: new AbortController().signal };
let folder = "";

beforeEach(() => {
  folder = makeFolder();
  mkdirSync(join(folder, "real/sub"), { recursive: true });
  writeFileSync(join(folder, "real/sub/file"), "");
});

afterEach(() => {
  removeFolder(folder);
});

async function scan(path: string): Promise<Entry[]> {
  const entries = await collect(new FsImporter(contextOf(`tsfs://${path}`)).scan(context));
  const records = recordsOf(entries).map(({ pathname }) => pathname);
  expect(new Set(records).size).toBe(records.length);
  expect(records[0]).toBe("/");
  return entries;
}

describe("a location", () => {
  it("may be a single file", async () => {
    const entries = await scan(join(folder, "real/sub/file"));
    expect(errorsOf(entries)).toEqual([]);
    expect(namesBelow(folder, entries)).toEqual(["", "/real", "/real/sub", "/real/sub/file"]);
  });

  it("may be /", async () => {
    const pathnames: string[] = [];
    for await (const { pathname } of new FsImporter(contextOf("tsfs:///")).scan(context)) {
      pathnames.push(pathname);
      if (pathnames.length === 3) break;
    }
    expect(pathnames[0]).toBe("/");
    expect(pathnames[1]).toMatch(/^\/[^/]+$/);
  });

  it.each([
    ["absolute", (): string => join(folder, "real")],
    ["relative", (): string => "real"],
    ["with ..", (): string => "real/sub/../../real"],
    ["with a slash at its end", (): string => "real/"],
  ])("that is a symbolic link (%s) yields the link and its target", async (_, target) => {
    symlinkSync(target(), join(folder, "link"));
    const entries = await scan(join(folder, "link"));
    expect(errorsOf(entries)).toEqual([]);
    expect(namesBelow(folder, entries)).toEqual(["", "/link", "/real", "/real/sub", "/real/sub/file"]);
    expect(recordsOf(entries).find(({ pathname }) => pathname === join(folder, "link"))?.target).toBe(target());
  });

  it("that is a link to a link yields every link", async () => {
    symlinkSync("second", join(folder, "first"));
    symlinkSync("real", join(folder, "second"));
    expect(namesBelow(folder, await scan(join(folder, "first")))).toEqual([
      "",
      "/first",
      "/second",
      "/real",
      "/real/sub",
      "/real/sub/file",
    ]);
  });

  it("that is a link to one of its parents yields every entry once", async () => {
    symlinkSync("../..", join(folder, "real/sub/up"));
    const entries = await scan(join(folder, "real/sub/up"));
    expect(errorsOf(entries)).toEqual([]);
    expect(namesBelow(folder, entries)).toEqual(["", "/real", "/real/sub", "/real/sub/file", "/real/sub/up"]);
  });

  it("that is a dangling link yields the link and an error", async () => {
    symlinkSync("nowhere", join(folder, "link"));
    const entries = await scan(join(folder, "link"));
    expect(namesBelow(folder, entries)).toEqual(["", "/link"]);
    expect(errorsOf(entries)).toEqual([
      `${folder}/nowhere: ENOENT: no such file or directory, lstat '${folder}/nowhere'`,
    ]);
  });

  it("that is a link in a loop yields the links and an error", async () => {
    symlinkSync("b", join(folder, "a"));
    symlinkSync("a", join(folder, "b"));
    const entries = await scan(join(folder, "a"));
    expect(namesBelow(folder, entries)).toEqual(["", "/a", "/b"]);
    expect(errorsOf(entries)).toEqual([`${folder}/b: ELOOP: too many symbolic links, '${folder}/a'`]);
  });

  it("below a symbolic link yields a directory in place of the link", async () => {
    symlinkSync("real", join(folder, "link"));
    const entries = await scan(join(folder, "link/sub"));
    expect(namesBelow(folder, entries)).toEqual(["", "/link", "/link/sub", "/link/sub/file"]);
    const link = recordsOf(entries).find(({ pathname }) => pathname === join(folder, "link"));
    expect(fileTypeOf(link?.fileInfo.mode ?? 0)).toBe("directory");
    expect(link?.target).toBeUndefined();
  });

  it("resolves .. after a symbolic link as the system does", async () => {
    symlinkSync("real/sub", join(folder, "link"));
    symlinkSync("link/../up", join(folder, "start"));
    writeFileSync(join(folder, "real/up"), "");
    writeFileSync(join(folder, "up"), "not this one");
    expect(namesBelow(folder, await scan(join(folder, "start")))).toEqual(["", "/real", "/start", "/real/up"]);
  });
});
