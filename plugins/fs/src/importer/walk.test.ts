import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileMode, fileModeToPosix, fileTypeOf, type Entry } from "@kloset/sdk";
import { FsImporter } from "./importer.js";
import {
  collect,
  contentOf,
  contextOf,
  errorsOf,
  makeFolder,
  namesBelow,
  recordsOf,
  removeFolder,
} from "./testing/fixtures.js";

const context = { signal: new AbortController().signal };
const isRoot = process.getuid?.() === 0;
let folder = "";

beforeEach(() => {
  folder = makeFolder();
});

afterEach(() => {
  removeFolder(folder);
});

async function scan(path = folder): Promise<Entry[]> {
  return collect(new FsImporter(contextOf(`tsfs://${path}`)).scan(context));
}

function record(entries: readonly Entry[], name: string): ReturnType<typeof recordsOf>[number] {
  const found = recordsOf(entries).find(({ pathname }) => pathname === folder + name);
  if (found === undefined) throw new Error(`no record of ${name}`);
  return found;
}

describe("a scan", () => {
  it("yields every directory before its children, starting at /", async () => {
    mkdirSync(join(folder, "b/c"), { recursive: true });
    writeFileSync(join(folder, "b/c/file"), "");
    writeFileSync(join(folder, "a"), "");
    writeFileSync(join(folder, "b-file"), "");
    const entries = await scan();
    expect(errorsOf(entries)).toEqual([]);
    const pathnames = entries.map(({ pathname }) => pathname);
    expect(pathnames[0]).toBe("/");
    const seen = new Set<string>();
    for (const pathname of pathnames) {
      if (pathname !== "/") expect(seen).toContain(pathname.slice(0, pathname.lastIndexOf("/")) || "/");
      expect(seen).not.toContain(pathname);
      seen.add(pathname);
    }
    expect(namesBelow(folder, entries)).toEqual(["", "/a", "/b", "/b-file", "/b/c", "/b/c/file"]);
  });

  it("reports the values of lstat", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "12345");
    chmodSync(path, 0o4751);
    // As strings, because a negative number silently sets the current time.
    utimesSync(path, "1.25", "-12345.5");
    if (isRoot) chownSync(path, 12_345, 54_321);
    chmodSync(path, 0o4751);
    mkdirSync(join(folder, "sticky"));
    chmodSync(join(folder, "sticky"), 0o3777);
    const entries = await scan();
    const stats = lstatSync(path, { bigint: true });
    const { fileInfo } = record(entries, "/file");
    expect(fileInfo).toMatchObject({
      size: 5,
      dev: stats.dev,
      ino: stats.ino,
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      nlink: 1,
      modTime: stats.mtimeNs,
    });
    expect(fileInfo.modTime).toBeLessThan(0n);
    expect(fileModeToPosix(fileInfo.mode)).toBe(0o104751);
    const { mode } = record(entries, "/sticky").fileInfo;
    expect(mode).toBe((FileMode.DIR | FileMode.STICKY | FileMode.SETGID | 0o777) >>> 0);
    expect(record(entries, "").fileInfo.username).toBe(execFileSync("id", ["-un"]).toString().trim());
  });

  it("reports hard links, symbolic links, FIFOs, sockets and devices", async () => {
    writeFileSync(join(folder, "file"), "x");
    linkSync(join(folder, "file"), join(folder, "hard"));
    symlinkSync("file", join(folder, "symbolic"));
    symlinkSync("/nowhere/at all", join(folder, "dangling"));
    symlinkSync("loop", join(folder, "loop"));
    symlinkSync("..", join(folder, "up"));
    execFileSync("mkfifo", [join(folder, "fifo")]);
    const server = createServer().listen(join(folder, "socket"));
    await once(server, "listening");
    const entries = await scan();
    server.close();
    await once(server, "close");
    expect(errorsOf(entries)).toEqual([]);
    const type = (name: string): string => fileTypeOf(record(entries, name).fileInfo.mode);
    expect(record(entries, "/hard").fileInfo).toMatchObject({ ino: record(entries, "/file").fileInfo.ino, nlink: 2 });
    for (const [name, target] of [
      ["/symbolic", "file"],
      ["/dangling", "/nowhere/at all"],
      ["/loop", "loop"],
      ["/up", ".."],
    ] as const) {
      expect(type(name)).toBe("symlink");
      expect(record(entries, name).target).toBe(target);
    }
    expect(type("/fifo")).toBe("fifo");
    expect(type("/socket")).toBe("socket");
    expect(fileTypeOf(recordsOf(await scan("/dev/null")).at(-1)?.fileInfo.mode ?? 0)).toBe("char-device");
  });

  it("keeps every name unchanged", async () => {
    const names = [
      "a b",
      "new\nline",
      "'\"`$",
      "back\\slash",
      "ünï\u0301",
      "u\u0308",
      "😀",
      "-rf",
      "*",
      "tab\t",
      "~",
      "ab".repeat(125),
      "\ufeffbom",
      "...",
    ];
    for (const name of names) writeFileSync(join(folder, name), name);
    const fs = new FsImporter(contextOf(`tsfs://${folder}`));
    const entries = await collect(fs.scan(context));
    expect(errorsOf(entries)).toEqual([]);
    expect(namesBelow(folder, entries).slice(1).sort()).toEqual(names.map((name) => `/${name}`).sort());
    for (const name of names) {
      const content = await fs.open({ pathname: `${folder}/${name}`, target: "" }, context);
      expect((await contentOf(content)).toString()).toBe(name);
    }
  });

  it("sorts names by bytes, even in a large directory", async () => {
    const names = Array.from({ length: 1000 }, (_, i) =>
      `${String.fromCodePoint(0x61 + ((i * 7919) % 60_000))}${i}`.toWellFormed(),
    );
    for (const name of names) writeFileSync(join(folder, name), "");
    const sorted = [...new Set(names)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(namesBelow(folder, await scan()).slice(1)).toEqual(sorted.map((name) => `/${name}`));
  });

  it("scans a tree of 1,500 levels", async () => {
    const path = `${folder}${"/d".repeat(1500)}`;
    mkdirSync(path, { recursive: true });
    const entries = await scan();
    expect(errorsOf(entries)).toEqual([]);
    expect(namesBelow(folder, entries)).toHaveLength(1501);
  });

  it("reports names that are not UTF-8, and does not descend into them", async () => {
    const bytes = (name: string): Buffer => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, "latin1")]);
    writeFileSync(bytes("caf\xe9"), "");
    mkdirSync(bytes("dir\xff"));
    writeFileSync(bytes("dir\xff/inside"), "");
    writeFileSync(join(folder, "caf\\xe9"), "another file");
    writeFileSync(join(folder, "zzz"), "");
    const entries = await scan();
    expect(namesBelow(folder, entries)).toEqual(["", "/caf\\xe9", "/zzz"]);
    expect(errorsOf(entries)).toEqual([
      `${folder}/caf\\xe9?: name is not UTF-8: 'caf\\xe9?'`,
      `${folder}/dir\\xff: name is not UTF-8: 'dir\\xff'`,
    ]);
  });

  it("reports a link whose target is not UTF-8", async () => {
    symlinkSync(Buffer.from("caf\xe9", "latin1"), join(folder, "link"));
    const entries = await scan();
    expect(namesBelow(folder, entries)).toEqual([""]);
    expect(errorsOf(entries)).toEqual([`${folder}/link: target of the symbolic link is not UTF-8: 'caf\\xe9'`]);
  });

  it("continues after a directory that may not be read, unless it runs as root", async () => {
    mkdirSync(join(folder, "closed"));
    writeFileSync(join(folder, "closed/file"), "");
    mkdirSync(join(folder, "open"));
    chmodSync(join(folder, "closed"), 0);
    const entries = await scan();
    chmodSync(join(folder, "closed"), 0o700);
    expect(namesBelow(folder, entries)).toEqual(["", "/closed", "/open", ...(isRoot ? ["/closed/file"] : [])]);
    expect(errorsOf(entries)).toEqual(
      isRoot ? [] : [`${folder}/closed: EACCES: permission denied, scandir '${folder}/closed'`],
    );
  });

  describe("of a tree that changes", () => {
    /** Scans, and makes a change when an entry is yielded. */
    async function scanChanging(name: string, change: () => void): Promise<{ entries: Entry[]; stderr: string }> {
      const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
      try {
        const fs = new FsImporter(contextOf(`tsfs://${folder}`));
        const entries: Entry[] = [];
        for await (const entry of fs.scan(context)) {
          if (entry.pathname === join(folder, name)) change();
          entries.push(entry);
        }
        fs.close();
        return { entries, stderr: write.mock.calls.join("") };
      } finally {
        write.mockRestore();
      }
    }

    it("leaves out what was removed, with a count", async () => {
      mkdirSync(join(folder, "a/sub"), { recursive: true });
      mkdirSync(join(folder, "b"));
      // More than are inspected at once.
      for (let i = 100; i < 200; i++) writeFileSync(join(folder, "b", String(i)), "");
      const { entries, stderr } = await scanChanging("b/100", () => {
        for (let i = 180; i < 200; i++) rmSync(join(folder, "b", String(i)));
      });
      expect(errorsOf(entries)).toEqual([]);
      expect(namesBelow(join(folder, "b"), entries)).toHaveLength(81);
      expect(stderr).toBe("tsfs: entries left out because they were removed during the scan: 20\n");

      const { entries: second, stderr: counted } = await scanChanging("a", () => {
        rmSync(join(folder, "a"), { recursive: true });
      });
      expect(errorsOf(second)).toEqual([]);
      expect(namesBelow(folder, second).slice(0, 3)).toEqual(["", "/a", "/b"]);
      expect(stderr).toContain("removed during the scan");
      expect(counted).toBe("tsfs: entries left out because they were removed during the scan: 1\n");
    });

    it("reports the location itself if it was removed", async () => {
      mkdirSync(join(folder, "a"));
      const { entries } = await scanChanging("", () => {
        removeFolder(folder);
      });
      expect(errorsOf(entries)).toEqual([`${folder}: ENOENT: no such file or directory, open '${folder}'`]);
    });
  });
});

describe("calls that block", () => {
  /** Scans the folder without the directories above it, which other tests change. */
  const scanBelow = async (): Promise<Entry[]> => (await scan()).filter(({ pathname }) => pathname.startsWith(folder));

  beforeEach(() => {
    for (const name of ["d", "d/e"]) mkdirSync(join(folder, name));
    for (let n = 0; n < 100; n++) writeFileSync(join(folder, `d/f${n}`), "");
    symlinkSync("f0", join(folder, "d/link"));
  });

  it("have the same results as those in the thread pool", async () => {
    const expected = await scanBelow();
    expect(expected.length).toBeGreaterThan(100);
    let now = 0;
    // As if each entry had taken a second.
    const clock = jest.spyOn(performance, "now").mockImplementation(() => (now += 1000));
    try {
      expect(await scanBelow()).toEqual(expected);
    } finally {
      clock.mockRestore();
    }
  });

  it("leave the current directory as it was", async () => {
    const before = lstatSync(".").ino;
    let steps = 0;
    for await (const entry of new FsImporter(contextOf(`tsfs://${folder}`)).scan(context)) {
      expect(lstatSync(".").ino).toBe(before);
      if (entry.pathname.startsWith(folder)) steps++;
    }
    expect(steps).toBeGreaterThan(100);
  });

  it("are made where the current directory was removed", async () => {
    const expected = await scanBelow();
    const home = process.cwd();
    const gone = mkdtempSync(join(tmpdir(), "tsfs-gone-"));
    process.chdir(gone);
    try {
      rmdirSync(gone);
      expect(await scanBelow()).toEqual(expected);
      expect(() => process.cwd()).toThrow("ENOENT");
    } finally {
      process.chdir(home);
    }
  });
});

describe("a path that is too long for the system", () => {
  const levels = 40;
  const name = "n".repeat(250);
  const steps = `
    const fs = require("node:fs");
    process.chdir(process.argv[1]);
    for (let i = 0; i < ${levels}; i++) { fs.mkdirSync("${name}"); process.chdir("${name}"); }
    fs.writeFileSync("leaf", "deep down"); fs.symlinkSync("leaf", "link");
  `;

  it("is scanned and read on Linux, and reported elsewhere", async () => {
    execFileSync(process.execPath, ["-e", steps, folder]);
    const fs = new FsImporter(contextOf(`tsfs://${folder}`));
    const entries = await collect(fs.scan(context));
    if (process.platform !== "linux") {
      expect(errorsOf(entries).join()).toContain("ENAMETOOLONG");
      return;
    }
    expect(errorsOf(entries)).toEqual([]);
    const bottom = `/${name}`.repeat(levels);
    expect(namesBelow(folder, entries)).toHaveLength(levels + 3);
    expect(namesBelow(folder, entries).slice(-2)).toEqual([`${bottom}/leaf`, `${bottom}/link`]);
    expect(record(entries, `${bottom}/link`).target).toBe("leaf");
    const content = await fs.open({ pathname: `${folder}${bottom}/leaf`, target: "" }, context);
    expect((await contentOf(content)).toString()).toBe("deep down");
    await expect(async () => fs.open({ pathname: `${folder}${bottom}/none`, target: "" }, context)).rejects.toThrow(
      `open '${folder}${bottom}/none'`,
    );
  });
});
