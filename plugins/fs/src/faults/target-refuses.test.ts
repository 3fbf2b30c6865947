import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink as makeSymlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { RestoreEntry } from "@kloset/host";
import { makeScratch, type Scratch } from "../fs/testing.js";
import { endConnectorsAfterEach, exporterOf, GENERATIONS, TEST_TIMEOUT_MS } from "./testing/connectors.js";
import { attribute, directory, file, symlink } from "./testing/entries.js";
import { restored } from "./testing/restoring.js";
import { smallDisksOfEach } from "./testing/small-disks.js";
import { boundByPermissions, ORDINARY, rootless, type Surroundings } from "./testing/surroundings.js";

const TIME = 1_000_000_000_123_456_789n;
const FOREIGN = { uid: 4242, gid: 4343, modTime: TIME };

/** A module that makes Node's calls fail as on exFAT, and hides the native library, which would not fail. */
const EXFAT = `
  import fs from "node:fs";
  const refusal = () => Object.assign(new Error("EPERM: operation not permitted"), { code: "EPERM" });
  const refuse = () => { throw refusal(); };
  for (const call of ["chmod", "fchmod", "chown", "fchown", "lchown", "utimes", "lutimes", "link", "symlink"]) {
    fs.promises[call] = async () => refuse();
    fs[call] = (...args) => args.at(-1)(refusal());
    fs[call + "Sync"] = refuse;
  }
  process.dlopen = () => { throw new Error("no library"); };
`;

/** A module that makes Node's calls find names in upper or lower case, as on exFAT or macOS. */
const CASELESS = `
  import fs, { readdirSync } from "node:fs";
  import { basename, dirname, join } from "node:path";
  const actual = (path) => {
    if (typeof path !== "string" || !path.startsWith("/proc/self/fd/")) return path;
    let names;
    try { names = readdirSync(dirname(path)); } catch { return path; }
    const wanted = basename(path).toLowerCase();
    const name = names.find((other) => other.toLowerCase() === wanted);
    return name === undefined ? path : join(dirname(path), name);
  };
  const replace = (object, call, by) => {
    const original = object[call];
    object[call] = (...args) => original(...by(...args));
  };
  const one = (path, ...rest) => [actual(path), ...rest];
  const two = (from, to, ...rest) => [actual(from), actual(to), ...rest];
  for (const [calls, by] of [[["lstat", "open", "mkdir", "unlink", "writeFile"], one], [["rename", "link"], two]]) {
    for (const call of calls) {
      replace(fs.promises, call, by);
      replace(fs, call, by);
      replace(fs, call + "Sync", by);
    }
  }
`;

describe.each(GENERATIONS)("a restore on %s", (generation) => {
  let scratch: Scratch;
  let root: string;
  endConnectorsAfterEach();
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "root");
  });
  afterEach(() => {
    scratch.remove();
  });

  /** Restores entries, and returns the reported failures and the lines on stderr. */
  async function restore(
    entries: readonly RestoreEntry[],
    choice: { surroundings?: Surroundings; config?: Readonly<Record<string, string>>; preload?: string } = {},
  ): Promise<{ failures: Readonly<Record<string, string>>; lines: string[] }> {
    let { preload } = choice;
    if (preload !== undefined) {
      const path = join(scratch.path, "preload.mjs");
      await writeFile(path, preload);
      preload = path;
    }
    const { client, plugin, stop } = await exporterOf({
      generation,
      path: root,
      surroundings: choice.surroundings ?? ORDINARY,
      ...(choice.config && { config: choice.config }),
      ...(preload !== undefined && { preload }),
    });
    const { failures } = await restored(client, entries, { forceCompletion: true });
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
    return { failures, lines: plugin.stderrText().split("\n").slice(0, -1) };
  }

  it(
    "as the root of a rootless container sets all but owners",
    async () => {
      const surroundings = rootless();
      const entries = [
        directory("/", { permissions: 0o755 }),
        directory("/d", { ...FOREIGN, permissions: 0o750 }),
        file("/d/suid", "content", { ...FOREIGN, permissions: 0o6755 }),
        file("/d/closed", "content", { ...FOREIGN, permissions: 0o400 }),
        symlink("/d/link", "suid", FOREIGN),
        file("/own", "content", { permissions: 0o4755, modTime: TIME }),
      ];
      const first = (name: string): string => `(the first is ${JSON.stringify(join(root, name))})`;
      expect(await restore(entries, { surroundings })).toEqual({
        failures: {},
        lines: [
          `tsfs: owners not set: the target refuses with EINVAL ${first("d/suid")}`,
          `tsfs: setuid and setgid left out of files whose owner or group is not set ${first("d/suid")}`,
          "tsfs: owners not set: 4",
          "tsfs: setuid and setgid left out: 1",
        ],
      });
      const expected = { d: 0o40750, "d/suid": 0o100755, "d/closed": 0o100400, "d/link": 0o120777, own: 0o104755 };
      for (const [name, mode] of Object.entries(expected)) {
        const stats = await lstat(join(root, name), { bigint: true });
        expect([name, Number(stats.mode).toString(8), stats.mtimeNs]).toEqual([name, mode.toString(8), TIME]);
      }
      expect(await readFile(join(root, "d/suid"), "utf8")).toBe("content");

      // Everything exists now: the directories and files are replaced or kept.
      const required = await restore(entries, { surroundings, config: { owner: "require" } });
      expect(required.lines).toEqual([]);
      expect(Object.keys(required.failures).sort()).toEqual(["/d", "/d/closed", "/d/link", "/d/suid"]);
      expect(required.failures["/d/suid"]).toBe(`EINVAL: invalid argument, chown '${join(root, "d/suid")}'`);
      expect((await lstat(join(root, "d/suid"))).mode & 0o7777).toBe(0o600);

      expect(await restore(entries, { surroundings, config: { owner: "ignore" } })).toEqual({
        failures: {},
        lines: [],
      });
      expect((await lstat(join(root, "d/suid"))).mode & 0o7777).toBe(0o755);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "to a target without owners, modes, times and links keeps the content, with one notice for each",
    async () => {
      const inode = { dev: 1n, ino: 5n, nlink: 3, ...FOREIGN };
      const { failures, lines } = await restore(
        [
          directory("/"),
          file("/a", "first", FOREIGN),
          file("/b", "second", FOREIGN),
          file("/name1", "linked", inode),
          file("/name2", "linked", inode),
          file("/name3", "linked", inode),
          symlink("/s1", "a"),
          symlink("/s2", "a"),
        ],
        { preload: EXFAT },
      );
      expect(failures).toEqual({});
      const kinds = lines.map((line) => line.replace(/^tsfs: (.*): the target refuses with EPERM .*/, "$1"));
      const all = process.geteuid?.() === 0 ? { "owners not set": 3 } : {};
      const counts = {
        ...all,
        "modes not set": generation === "v1.0" ? 5 : 6,
        "times not set": generation === "v1.0" ? 5 : 6,
        "hard links restored as copies": 2,
        "symbolic links left out": 2,
      };
      const expected = Object.entries(counts).flatMap(([kind, count]) => [kind, `tsfs: ${kind}: ${count}`]);
      expect(kinds.sort()).toEqual(expected.sort());
      expect((await readdir(root)).sort()).toEqual(["a", "b", "name1", "name2", "name3"]);
      for (const [name, content] of Object.entries({ a: "first", name1: "linked", name3: "linked" })) {
        expect(await readFile(join(root, name), "utf8")).toBe(content);
      }
      expect((await lstat(join(root, "name2"))).nlink).toBe(1);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "keeps mode and time of a hard link that becomes a copy",
    async () => {
      const preload = `
        import fs from "node:fs";
        const refusal = () => Object.assign(new Error("EMLINK: too many links"), { code: "EMLINK" });
        fs.linkSync = () => { throw refusal(); };
        fs.link = (...args) => args.at(-1)(refusal());
      `;
      const inode = { dev: 1n, ino: 5n, nlink: 2, permissions: 0o4511, modTime: TIME };
      const { failures, lines } = await restore(
        [directory("/"), file("/a", "linked", inode), file("/b", "linked", inode)],
        { preload },
      );
      expect(failures).toEqual({});
      expect(lines.at(-1)).toBe("tsfs: hard links restored as copies: 1");
      const copies = await Promise.all(["a", "b"].map((name) => lstat(join(root, name), { bigint: true })));
      expect(copies[0]?.ino).not.toBe(copies[1]?.ino);
      for (const { mode, mtimeNs } of copies) expect({ mode, mtimeNs }).toEqual({ mode: 0o104511n, mtimeNs: TIME });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "to a target that does not distinguish case fails for the second twin, which names the first",
    async () => {
      const { failures } = await restore(
        [
          directory("/"),
          file("/README", "first"),
          file("/other", "kept"),
          file("/readme", "second"),
          directory("/src"),
          file("/src/f", "of src"),
          directory("/SRC"),
          file("/SRC/f", "of SRC"),
        ],
        { preload: CASELESS },
      );
      const text = (first: string, path: string): string =>
        `EEXIST: the target does not distinguish this name from '${join(root, first)}', '${join(root, path)}'`;
      expect(failures).toEqual({
        "/readme": text("README", "readme"),
        "/SRC": text("src", "SRC"),
        // On v1.0, the host first makes the directory again.
        "/SRC/f": text("src", generation === "v1.0" ? "SRC" : "SRC/f"),
      });
      expect(await readFile(join(root, "README"), "utf8")).toBe("first");
      expect(await readFile(join(root, "src/f"), "utf8")).toBe("of src");
      expect((await readdir(root)).sort()).toEqual(["README", "other", "src"]);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "replaces read-only files and links, works in closed directories, and names entries of another type",
    async () => {
      const outside = join(scratch.path, "outside");
      await mkdir(root);
      await writeFile(outside, "safe");
      for (const name of ["closed", "sealed", "dir"]) await mkdir(join(root, name));
      for (const name of ["closed/f", "sealed/f", "file"]) await writeFile(join(root, name), "old", { mode: 0o400 });
      await makeSymlink(outside, join(root, "link"));
      await makeSymlink(scratch.path, join(root, "away"));
      await chmod(join(root, "closed"), 0o555);
      await chmod(join(root, "sealed"), 0);
      const entries = [
        directory("/"),
        directory("/closed", { permissions: 0o555, modTime: TIME }),
        file("/closed/f", "new", { permissions: 0o444 }),
        directory("/sealed", { permissions: 0o000, modTime: TIME }),
        file("/sealed/f", "new", { permissions: 0o000 }),
        file("/link", "new"),
        file("/dir", "over a directory"),
        directory("/file"),
        file("/file/below", "below a file"),
        directory("/away"),
        file("/away/outside", "through a link"),
        symlink("/s", "target"),
        file("/s/below", "below a link"),
      ];
      const { failures } = await restore(entries, { surroundings: boundByPermissions() });
      const shown = Object.fromEntries(Object.entries(failures).map(([name, text]) => [name, text.split(":")[0]]));
      expect(shown).toEqual({
        "/dir": "EISDIR",
        "/file": "EEXIST",
        "/file/below": generation === "v1.0" ? "EEXIST" : "ENOTDIR",
        "/away": "ELOOP",
        "/away/outside": "ELOOP",
        "/s/below": "ELOOP",
      });
      expect(await readFile(outside, "utf8")).toBe("safe");
      expect(await readFile(join(root, "file"), "utf8")).toBe("old");
      expect((await lstat(join(root, "link"))).isFile()).toBe(true);
      expect(await readlink(join(root, "away"))).toBe(scratch.path);
      for (const [name, mode] of [
        ["closed", 0o555],
        ["sealed", 0],
      ] as const) {
        const stats = await lstat(join(root, name), { bigint: true });
        expect([Number(stats.mode & 0o777n), stats.mtimeNs]).toEqual([mode, TIME]);
      }
      for (const name of ["sealed", "sealed/f"]) await chmod(join(root, name), 0o700);
      for (const name of ["closed/f", "sealed/f"]) expect(await readFile(join(root, name), "utf8")).toBe("new");
    },
    TEST_TIMEOUT_MS,
  );
});

describe("extended attributes on a file system without them", () => {
  endConnectorsAfterEach();
  const disks = smallDisksOfEach();

  it(
    "are left out with one notice for each name, and selected by options",
    async () => {
      const { path, view, surroundings } = await disks.make("mode=0700", "ramfs");
      const entries = [
        directory("/"),
        ...[file("/a", "1"), file("/b", "2")].map((entry) => ({
          ...entry,
          extendedAttributes: ["user.color", "security.x"],
        })),
        ...["/a", "/b"].flatMap((name) => [attribute(name, "user.color", "red"), attribute(name, "security.x", "y")]),
      ];
      const expectLines = async (config: Readonly<Record<string, string>>, lines: string[]): Promise<void> => {
        const { client, plugin, stop } = await exporterOf({ generation: "v1.1", path, surroundings, config });
        expect((await restored(client, entries)).failures).toEqual({});
        await client.close();
        expect(await stop()).toEqual({ code: 0, signal: null });
        expect(plugin.stderrText()).toBe(lines.map((line) => `tsfs: ${line}\n`).join(""));
        expect(await readFile(join(view, "b"), "utf8")).toBe("2");
      };
      const text = (name: string): string =>
        `the extended attribute "${name}" is left out: the target refuses it with ENOTSUP (the first is "${path}/a")`;
      await expectLines({}, [text("user.color"), text("security.x"), "extended attributes left out: 4"]);
      await expectLines({ xattr_exclude: "security.*" }, [text("user.color"), "extended attributes left out: 2"]);
      await expectLines({ xattr_include: "trusted.*, user.size" }, []);
    },
    TEST_TIMEOUT_MS,
  );
});
