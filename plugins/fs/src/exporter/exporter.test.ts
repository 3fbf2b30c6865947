import { chmod, lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { ConnectorContext } from "@kloset/sdk";
import { BLOCKING_MAX, policy } from "../fs/calls.js";
import { Notices } from "../fs/notices.js";
import { asOrdinaryUser, makeScratch, pattern, streamOf, type Scratch } from "../fs/testing.js";
import definition, { FsExporter } from "./exporter.js";
import { ACCESS_KINDS, expectTime, idle, LowerCaseDirectories, makeExporter, NEVER, ownInfo } from "./testing.js";

function contextOf(location: string, config: Readonly<Record<string, string>> = {}): ConnectorContext {
  const options = { hostname: "", os: "", arch: "", cwd: "", maxConcurrency: 1, excludes: [], noXattr: false };
  return { location, config: { location, ...config }, options, protocol: "tsfs", signal: NEVER };
}

describe("the definition", () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await makeScratch();
  });
  afterEach(() => {
    scratch.remove();
  });

  it("makes the root", async () => {
    const root = join(scratch.path, "made", "here");
    const exporter = await definition.factory(contextOf(`tsfs://${root}/`));
    expect(await exporter.root()).toBe(root);
    expect(await exporter.type?.()).toBe("fs");
    expect(await exporter.flags?.()).toBe(1);
    await exporter.storeFile("/f", streamOf(["x"]), 1, idle);
    await exporter.close();
    expect(await readFile(join(root, "f"), "utf8")).toBe("x");
  });

  it("accepts a root that is a symbolic link below a symbolic link", async () => {
    await mkdir(join(scratch.path, "real", "root"), { recursive: true });
    await symlink("real", join(scratch.path, "above"));
    await symlink("root", join(scratch.path, "real", "link"));
    const root = join(scratch.path, "above", "link");
    const exporter = await definition.factory(contextOf(`tsfs://${root}`));
    expect(await exporter.root()).toBe(root);
    await exporter.createDirectory("/d");
    await exporter.storeFile("/d/f", streamOf(["x"]), 1, idle);
    await exporter.close();
    expect(await readFile(join(scratch.path, "real", "root", "d", "f"), "utf8")).toBe("x");
  });

  it("rejects a relative location and a file", async () => {
    await expect(async () => definition.factory(contextOf("tsfs://a/b"))).rejects.toThrow('"tsfs://a/b"');
    const file = join(scratch.path, "file");
    await writeFile(file, "");
    await expect(async () => definition.factory(contextOf(`tsfs://${file}`))).rejects.toThrow(file);
  });

  it("rejects an invalid option before it makes the root", async () => {
    const root = join(scratch.path, "root");
    await expect(async () => definition.factory(contextOf(`tsfs://${root}`, { sparse: "" }))).rejects.toThrow(
      '"sparse"',
    );
    expect(await readdir(scratch.path)).toEqual([]);
  });

  it("writes holes on request", async () => {
    const zeros = Buffer.alloc(1024 * 1024);
    const blocksOf = async (sparse: string): Promise<number> => {
      const exporter = await definition.factory(contextOf(`tsfs://${scratch.path}`, { sparse }));
      await exporter.storeFile(`/${sparse}`, streamOf([zeros]), zeros.length, idle);
      await exporter.close();
      return (await lstat(join(scratch.path, sparse))).blocks;
    };
    expect(await blocksOf("true")).toBeLessThan(await blocksOf("false"));
  });
});

describe.each(ACCESS_KINDS)("FsExporter with %s", (access) => {
  let scratch: Scratch;
  let root: string;
  let exporter: FsExporter;
  let lines: string[];
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "root");
    await mkdir(root, { mode: 0o777 });
    await chmod(root, 0o777);
    lines = [];
    exporter = await makeExporter(root, access, { notices: new Notices("tsfs", (line) => lines.push(line)) });
  });
  afterEach(async () => {
    await exporter.close();
    scratch.remove();
  });

  async function store(pathname: string, content: string): Promise<void> {
    await exporter.storeFile(pathname, streamOf([content]), content.length, idle);
  }

  describe("createDirectory", () => {
    it("makes a directory and its parents for the owner only, and can be repeated", async () => {
      for (let i = 0; i < 3; i++) await exporter.createDirectory("/a/b/c");
      for (const name of ["a", "a/b", "a/b/c"]) {
        expect((await lstat(join(root, name))).mode).toBe(0o040700);
      }
      await exporter.createDirectory("/");
    });

    it("makes the same parents in concurrent calls", async () => {
      const names = Array.from({ length: 40 }, (_, i) => `/a/b/${i % 4}/c/${i}`);
      await Promise.all(names.map((name) => exporter.createDirectory(name)));
      expect((await readdir(join(root, "a/b/3/c"))).length).toBe(10);
    });

    it("keeps the content and permissions of an existing directory", async () => {
      await mkdir(join(root, "a"));
      await chmod(join(root, "a"), 0o2755);
      await writeFile(join(root, "a", "mine"), "kept");
      await exporter.createDirectory("/a");
      expect((await lstat(join(root, "a"))).mode).toBe(0o042755);
      expect(await readFile(join(root, "a", "mine"), "utf8")).toBe("kept");
    });

    it("gives the owner access to an existing directory", async () => {
      await asOrdinaryUser(async () => {
        await mkdir(join(root, "closed"));
        await chmod(join(root, "closed"), 0o005);
        await exporter.createDirectory("/closed");
        await store("/closed/f", "x");
      });
      expect((await lstat(join(root, "closed"))).mode).toBe(0o040705);
    });

    it("uses the new directory when the old one was moved away", async () => {
      await exporter.createDirectory("/d");
      await exporter.createDirectory("/d/e");
      for (const pathname of ["/d/before", "/d/e/before"]) await store(pathname, "1");
      await rename(join(root, "d"), join(root, "d.moved"));
      await mkdir(join(root, "d", "e"), { recursive: true });
      await exporter.createDirectory("/d");
      for (const pathname of ["/d/after", "/d/e/after"]) await store(pathname, "2");
      expect((await readdir(join(root, "d"), { recursive: true })).sort()).toEqual(["after", "e", "e/after"]);
      expect((await readdir(join(root, "d.moved"), { recursive: true })).sort()).toEqual(["before", "e", "e/before"]);
    });

    it("makes a directory again that another process has removed", async () => {
      await exporter.createDirectory("/a/b");
      await store("/a/b/f", "1");
      await rm(join(root, "a"), { recursive: true });
      await exporter.createDirectory("/a/b");
      await store("/a/b/f", "2");
      expect(await readFile(join(root, "a/b/f"), "utf8")).toBe("2");
    });

    it("names a file in its path", async () => {
      await store("/f", "x");
      const path = join(root, "f");
      await expect(exporter.createDirectory("/f")).rejects.toThrow(`EEXIST: exists and is not a directory, '${path}'`);
      await expect(exporter.createDirectory("/f/g")).rejects.toThrow(`ENOTDIR: not a directory`);
      await expect(exporter.createDirectory("/f/g")).rejects.toThrow(path);
    });
  });

  describe("storeFile", () => {
    it("stores and replaces a file, and ignores the announced size", async () => {
      const content = pattern(3 * 1024 * 1024 + 7);
      const chunks = [content.subarray(0, 1_048_576), content.subarray(1_048_576)];
      await exporter.storeFile("/f", streamOf(chunks), 12, idle);
      expect((await readFile(join(root, "f"))).equals(content)).toBe(true);
      await exporter.storeFile("/f", streamOf([]), 1_000_000_000_000, idle);
      expect((await lstat(join(root, "f"))).size).toBe(0);
      expect(await readdir(root)).toEqual(["f"]);
    });

    describe.each([
      ["at once", 0],
      ["while the file system is slow", 1000],
    ])("%s", (_, milliseconds) => {
      beforeEach(() => {
        while (!policy.mayBlock());
        policy.blocked(milliseconds);
      });

      it.each([
        [[0]],
        [[1]],
        [[4096]],
        [[BLOCKING_MAX]],
        [[BLOCKING_MAX + 1]],
        [[1, 1]],
        [[5, BLOCKING_MAX, 3]],
        [[BLOCKING_MAX + 5, 7, 9]],
      ])("stores chunks of %j bytes, with mode and time", async (lengths) => {
        const chunks = lengths.map((length, i) => pattern(length, i + 1));
        const fileInfo = ownInfo({ permissions: 0o641, modTime: 1_600_000_000_123_456_789n });
        await store("/f", "old");
        await exporter.storeFile("/f", streamOf(chunks), 0, { ...idle, fileInfo });
        await exporter.setPermissions("/f", fileInfo);
        expect((await readFile(join(root, "f"))).equals(Buffer.concat(chunks))).toBe(true);
        const stats = await lstat(join(root, "f"), { bigint: true });
        expect(stats.mode).toBe(0o100641n);
        expectTime(stats.mtimeNs, fileInfo.modTime);
        expect(await readdir(root)).toEqual(["f"]);
      });

      it.each([[["x"]], [["x", "y", "z"]]])(
        "names a file that cannot be made of %j, and closes its source",
        async (chunks) => {
          let isClosed = false;
          async function* source(): AsyncGenerator<Uint8Array> {
            try {
              yield* streamOf(chunks);
            } finally {
              isClosed = true;
            }
          }
          await mkdir(join(root, "closed"), { mode: 0o555 });
          await asOrdinaryUser(async () => {
            const stored = exporter.storeFile("/closed/f", source(), 1, idle);
            await expect(stored).rejects.toMatchObject({ code: "EACCES", path: join(root, "closed", "f") });
          });
          expect(isClosed).toBe(true);
          expect(await readdir(join(root, "closed"))).toEqual([]);
        },
      );

      it("keeps the old file if the host aborts after all content has arrived", async () => {
        await store("/f", "old");
        const abort = new AbortController();
        async function* source(): AsyncGenerator<Uint8Array> {
          yield* streamOf(["new"]);
          abort.abort(new Error("cancelled"));
        }
        const stored = exporter.storeFile("/f", source(), 3, { signal: abort.signal });
        await expect(stored).rejects.toThrow("cancelled");
        expect(await readFile(join(root, "f"), "utf8")).toBe("old");
        expect(await readdir(root)).toEqual(["f"]);
      });
    });

    it("removes an incomplete file, and keeps the old one", async () => {
      await store("/f", "old");
      const failure = new Error("the source broke off");
      const broken = exporter.storeFile("/f", streamOf(["new"], failure), 3, idle);
      await expect(broken).rejects.toBe(failure);
      await expect(exporter.storeFile("/g", streamOf(["new"], failure), 3, idle)).rejects.toBe(failure);
      expect(await readFile(join(root, "f"), "utf8")).toBe("old");
      expect(await readdir(root)).toEqual(["f"]);
    });

    it("removes the file when the host aborts", async () => {
      const abort = new AbortController();
      abort.abort(new Error("cancelled"));
      await expect(exporter.storeFile("/f", streamOf(["x"]), 1, { signal: abort.signal })).rejects.toThrow("cancelled");
      expect(await readdir(root)).toEqual([]);
    });

    it.each([
      ["new\nline"],
      [" spaces at both ends "],
      [`'single' "double" \`back\` \\slash`],
      ["naïve – 文件 – 🗂️"],
      ["n".repeat(255)],
      ["é".repeat(127)],
      ["-rf"],
      ["$(id)"],
      ["..."],
      [".tsfs-01234567-1-000000000000"],
    ])("accepts the name %j", async (name) => {
      await exporter.createDirectory(`/${name}`);
      await store(`/${name}/${name}`, "content");
      await exporter.createLink(name, `/${name}/link`, "symbolic");
      await exporter.setPermissions(`/${name}/${name}`, ownInfo({ permissions: 0o640 }));
      expect(await readFile(join(root, name, "link"), "utf8")).toBe("content");
      expect((await readdir(join(root, name))).sort()).toEqual([name, "link"].sort());
    });

    it("replaces a link, not its target", async () => {
      const outside = join(scratch.path, "outside");
      await writeFile(outside, "safe");
      await symlink(outside, join(root, "f"));
      await store("/f", "new");
      expect(await readFile(outside, "utf8")).toBe("safe");
      expect((await lstat(join(root, "f"))).isFile()).toBe(true);
    });

    it("names a directory, a missing parent, and the root", async () => {
      await exporter.createDirectory("/d");
      await expect(store("/d", "x")).rejects.toThrow(/^EISDIR: .*root\/d'$/);
      await expect(store("/no/f", "x")).rejects.toThrow(/^ENOENT: .*root\/no'$/);
      await expect(store("/", "x")).rejects.toThrow(/^EISDIR: .*root'$/);
      await expect(store(`/${"n".repeat(256)}`, "x")).rejects.toThrow("ENAMETOOLONG");
      expect(await readdir(root)).toEqual(["d"]);
      expect(await readdir(join(root, "d"))).toEqual([]);
    });

    it("names a file that it may not write", async () => {
      await asOrdinaryUser(async () => {
        await exporter.createDirectory("/mine");
        await chmod(join(root, "mine"), 0o500);
        await expect(store("/mine/f", "x")).rejects.toThrow(
          `EACCES: permission denied, open '${join(root, "mine", "f")}'`,
        );
      });
    });

    it("stores many files concurrently, in more directories than it keeps open", async () => {
      const names = Array.from({ length: 300 }, (_, i) => `/d${i % 150}/e${i % 3}`);
      await Promise.all(
        names.map(async (name, i) => {
          await exporter.createDirectory(name);
          await store(`${name}/f${i}`, String(i));
        }),
      );
      for (const [i, name] of names.entries()) {
        expect(await readFile(join(root, `${name}/f${i}`), "utf8")).toBe(String(i));
      }
    });
  });

  describe("createLink", () => {
    it.each([["target"], ["../../up"], ["/etc/passwd"], ["t".repeat(1000)], ["new\nline"], ["loop"]])(
      "keeps the target %j unchanged",
      async (target) => {
        await exporter.createLink(target, "/loop", "symbolic");
        expect(await readlink(join(root, "loop"))).toBe(target);
      },
    );

    it("makes a hard link", async () => {
      await exporter.createDirectory("/a");
      await store("/a/f", "x");
      await exporter.createLink("/a/f", "/g", "hard");
      const [f, g] = [await lstat(join(root, "a/f")), await lstat(join(root, "g"))];
      expect(g.ino).toBe(f.ino);
      expect(g.nlink).toBe(2);
    });

    it("replaces files and links, and leaves no temporary name", async () => {
      await store("/f", "x");
      for (const kind of ["symbolic", "hard", "hard", "symbolic", "hard"] as const) {
        await exporter.createLink(kind === "hard" ? "/f" : "f", "/l", kind);
        expect((await lstat(join(root, "l"))).isSymbolicLink()).toBe(kind === "symbolic");
        expect((await readdir(root)).sort()).toEqual(["f", "l"]);
      }
      expect((await lstat(join(root, "f"))).nlink).toBe(2);
      await exporter.createLink("/f", "/f", "hard");
      expect((await readdir(root)).sort()).toEqual(["f", "l"]);
      expect(await readFile(join(root, "f"), "utf8")).toBe("x");
    });

    it("does not replace a directory", async () => {
      await store("/f", "x");
      await exporter.createDirectory("/d");
      await expect(exporter.createLink("f", "/d", "symbolic")).rejects.toThrow(/^EISDIR: .*root\/d'/);
      await expect(exporter.createLink("/f", "/d", "hard")).rejects.toThrow(/^EISDIR: .*root\/d'/);
      expect((await readdir(root)).sort()).toEqual(["d", "f"]);
    });

    it("names a missing target of a hard link, and one that is not a regular file", async () => {
      await expect(exporter.createLink("/no", "/l", "hard")).rejects.toThrow(/^ENOENT: .*root\/no'/);
      await exporter.createDirectory("/d");
      await expect(exporter.createLink("/d", "/l", "hard")).rejects.toThrow(/root\/d', which is not a regular file/);
      expect(await readdir(root)).toEqual(["d"]);
    });
  });

  describe("createSpecial", () => {
    it("makes a FIFO, and replaces an existing entry", async () => {
      const info = ownInfo({ type: "fifo", permissions: 0o620 });
      await exporter.createDirectory("/d");
      await store("/d/-p", "a file");
      await exporter.createSpecial("/d/-p", info);
      await exporter.createSpecial("/d/-p", info);
      await exporter.setPermissions("/d/-p", info);
      const stats = await lstat(join(root, "d/-p"));
      expect(stats.mode).toBe(0o010620);
      expect(await readdir(join(root, "d"))).toEqual(["-p"]);
    });

    it.each([
      ["socket", "a socket cannot be restored"],
      ["char-device", "a char device cannot be restored"],
    ] as const)("rejects a %s, which the SDK leaves out", async (type, text) => {
      await expect(exporter.createSpecial("/s", ownInfo({ type, permissions: 0o600 }))).rejects.toThrow(text);
      expect(await readdir(root)).toEqual([]);
    });

    it("leaves out every FIFO with one notice on a target without them", async () => {
      const { PATH } = process.env;
      await writeFile(join(scratch.path, "mkfifo"), "#!/bin/sh\necho 'Operation not permitted' >&2\nexit 1\n");
      await chmod(join(scratch.path, "mkfifo"), 0o755);
      process.env["PATH"] = `${scratch.path}:${PATH ?? ""}`;
      try {
        for (const name of ["/p", "/q"]) {
          await exporter.createSpecial(name, ownInfo({ type: "fifo" }));
          await exporter.setPermissions(name, ownInfo({ type: "fifo" }));
        }
      } finally {
        process.env["PATH"] = PATH;
      }
      await exporter.close();
      expect(lines).toEqual([
        `tsfs: FIFOs left out: the target refuses with EPERM (the first is ${JSON.stringify(join(root, "p"))})\n`,
        "tsfs: FIFOs left out: 2\n",
      ]);
    });

    it("names a missing directory, and one that it may not write to", async () => {
      const info = ownInfo({ type: "fifo" });
      await expect(exporter.createSpecial("/no/p", info)).rejects.toThrow(join(root, "no"));
      await mkdir(join(root, "theirs"), { mode: 0o555 });
      await asOrdinaryUser(async () => {
        const path = join(root, "theirs", "p");
        await expect(exporter.createSpecial("/theirs/p", info)).rejects.toThrow(`cannot make the FIFO '${path}'`);
      });
    });
  });
});

describe("a target that does not distinguish upper and lower case", () => {
  let scratch: Scratch;
  let exporter: FsExporter;
  beforeEach(async () => {
    scratch = await makeScratch();
    exporter = new FsExporter(scratch.path, new LowerCaseDirectories(scratch.path));
  });
  afterEach(async () => {
    await exporter.close();
    scratch.remove();
  });

  function refusal(first: string, path: string): string {
    return `EEXIST: the target does not distinguish this name from '${join(scratch.path, first)}', '${join(scratch.path, path)}'`;
  }

  it("keeps the first of two files, and names it in the error of the second", async () => {
    const stores = ["/readme", "/README", "/Readme"].map((name) =>
      exporter.storeFile(name, streamOf([name]), name.length, idle),
    );
    const results = await Promise.allSettled(stores);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    await expect(stores[1]).rejects.toThrow(refusal("readme", "README"));
    expect(await readFile(join(scratch.path, "readme"), "utf8")).toBe("/readme");
    await exporter.storeFile("/readme", streamOf(["again"]), 5, idle);
    expect(await readFile(join(scratch.path, "readme"), "utf8")).toBe("again");
    await expect(exporter.createLink("x", "/ReadMe", "symbolic")).rejects.toThrow(refusal("readme", "ReadMe"));
    await expect(exporter.createLink("/README", "/hard", "hard")).rejects.toThrow(refusal("readme", "README"));
    await expect(exporter.setPermissions("/README", ownInfo())).rejects.toThrow(refusal("readme", "README"));
  });

  it("does not mix a directory with the one that differs in case", async () => {
    await exporter.createDirectory("/src/lib");
    await exporter.storeFile("/src/lib/f", streamOf(["first"]), 5, idle);
    await expect(exporter.createDirectory("/src/Lib")).rejects.toThrow(refusal("src/lib", "src/Lib"));
    await expect(exporter.createDirectory("/src/Lib/sub")).rejects.toThrow(refusal("src/lib", "src/Lib/sub"));
    const second = exporter.storeFile("/src/Lib/f", streamOf(["second"]), 6, idle);
    await expect(second).rejects.toThrow(refusal("src/lib", "src/Lib/f"));
    expect(await readFile(join(scratch.path, "src/lib/f"), "utf8")).toBe("first");
    expect(await readdir(join(scratch.path, "src/lib"))).toEqual(["f"]);
  });
});
