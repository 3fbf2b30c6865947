import { execFileSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { backup, type StorageClient } from "@kloset/host";
import { isTemporaryName } from "../fs/temporary-name.js";
import { makeScratch, pattern, type Scratch } from "../fs/testing.js";
import { endConnectorsAfterEach, GENERATIONS, importerOf, TEST_TIMEOUT_MS, storageOf } from "./testing/connectors.js";
import { failureOf, KINDS, listed, macOf, pathOf, read, unfinishedBelow } from "./testing/resources.js";
import { SmallDisk } from "./testing/small-disk.js";
import { boundByPermissions } from "./testing/surroundings.js";

const MIB = 1024 * 1024;
const SIZES = [
  ["small", 1000],
  ["large", 3 * MIB],
] as const;

describe.each(GENERATIONS)("a damaged repository on %s", (generation) => {
  let scratch: Scratch;
  let root: string;
  let client: StorageClient;
  let stop: () => Promise<unknown>;
  endConnectorsAfterEach();
  beforeEach(async () => {
    scratch = await makeScratch();
    root = join(scratch.path, "repository");
    ({ client, stop } = await storageOf({ generation, path: root, surroundings: boundByPermissions() }));
    await client.create(Buffer.from("config"));
  });
  afterEach(() => {
    scratch.remove();
  });

  /** Expects the process to serve more calls and to exit with 0. */
  async function stillWorks(): Promise<void> {
    const other = await storageOf({ generation, path: join(scratch.path, "other") });
    await other.client.create(Buffer.from("config"));
    expect(await other.stop()).toEqual({ code: 0, signal: null });
    expect(await failureOf(read(client, "state", macOf(99)))).toContain("state not found");
    await client.close();
    expect(await stop()).toEqual({ code: 0, signal: null });
  }

  it(
    "is reported if it is missing, and is not made again at the mount point",
    async () => {
      await client.put("packfile", macOf(1), pattern(1000));
      await rename(root, join(scratch.path, "moved"));
      for (const kind of KINDS) {
        expect(await failureOf(client.list(kind))).toBe(
          `ENOENT: no such file or directory, stat '${join(root, `${kind}s`)}'`,
        );
        const failure = await failureOf(client.put(kind, macOf(2), pattern(1000)));
        expect(failure).toMatch(/^ENOENT: no such file or directory, mkdir /);
        expect(failure).toContain(`'${root}/`);
        expect(await failureOf(client.delete(kind, macOf(1)))).toBe(`${kind} not found: ${macOf(1).hex}`);
      }
      expect(await failureOf(read(client, "packfile", macOf(1)))).toBe(`packfile not found: ${macOf(1).hex}`);
      expect(await failureOf(client.open())).toContain(`there is no repository in ${root}`);
      expect(await failureOf(client.size())).toContain(`ENOENT: no such file or directory, scandir '${root}'`);
      expect(await readdir(scratch.path)).toEqual(["moved"]);
      await rename(join(scratch.path, "moved"), root);
      expect(await listed(client, "packfile")).toEqual([macOf(1).hex]);
      expect((await read(client, "packfile", macOf(1))).equals(pattern(1000))).toBe(true);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "lists only its resources among stray names, also below a source that is backed up at the same time",
    async () => {
      const numbers = [1, 2, 3];
      for (const number of numbers)
        for (const kind of KINDS) await client.put(kind, macOf(number), pattern(1000, number));
      const folder = join(root, "packfiles", macOf(1).hex.slice(0, 2));
      const wrong = macOf(1).hex.startsWith("00") ? "01" : "00";
      const strays = [
        join(root, "lost+found"),
        join(root, "CONFIG.bak"),
        join(folder, "README"),
        join(folder, macOf(1).hex.toUpperCase()),
        join(folder, `${macOf(1).hex}.tmp`),
        join(folder, macOf(1).hex.slice(1)),
        join(root, "packfiles", wrong, macOf(1).hex),
        join(root, "packfiles", macOf(4).hex),
        join(root, "states", ".DS_Store"),
        join(root, "locks", "desktop.ini"),
      ];
      for (const stray of strays) await writeFile(stray, "stray");
      await mkdir(join(folder, `${macOf(1).hex.slice(0, 62)}ff`));
      await symlink(pathOf(root, "packfile", macOf(1)), join(folder, `${macOf(1).hex.slice(0, 62)}fe`));

      const importer = await importerOf({ generation, path: scratch.path });
      const found: string[] = [];
      let puts = 0;
      await backup(importer.client, {
        record: async ({ pathname }, content) => {
          found.push(pathname);
          if (content === undefined || puts === 20) return;
          puts++;
          await client.put("packfile", macOf(100 + puts), pattern(100_000, puts));
        },
        error: (_, error) => {
          throw error;
        },
      });
      expect(puts).toBeGreaterThan(10);
      expect(found.filter((pathname) => isTemporaryName(basename(pathname)))).toEqual([]);
      expect(found).toEqual(expect.arrayContaining([join(root, "CONFIG"), pathOf(root, "lock", macOf(3)), ...strays]));

      const all = numbers.map((number) => macOf(number).hex);
      const added = Array.from({ length: puts }, (_, i) => macOf(101 + i).hex);
      expect(await listed(client, "packfile")).toEqual([...all, ...added].sort());
      for (const kind of ["state", "lock"] as const) expect(await listed(client, kind)).toEqual(all.sort());
      expect((await read(client, "packfile", macOf(101))).equals(pattern(100_000, 1))).toBe(true);
      expect(Buffer.from(await client.open()).toString()).toBe("config");
      for (const stray of strays) expect(await readFile(stray, "utf8")).toBe("stray");
      await stillWorks();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "contains nothing of a put during which it was removed",
    async () => {
      const failure = await failureOf(
        client.put(
          "state",
          macOf(1),
          (async function* () {
            yield pattern(1000);
            while ((await unfinishedBelow(root)).length === 0) await new Promise((resolve) => setImmediate(resolve));
            await rm(root, { recursive: true });
            yield pattern(1000);
          })(),
        ),
      );
      expect(failure).toMatch(/^ENOENT: no such file or directory, rename /);
      expect(failure).toContain(`'${pathOf(root, "state", macOf(1))}'`);
      expect(await readdir(scratch.path)).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  it.each(SIZES)(
    "returns a %s resource that was truncated or modified as it is",
    async (_, size) => {
      await client.put("packfile", macOf(1), pattern(size));
      const path = pathOf(root, "packfile", macOf(1));
      await truncate(path, size - 500);
      // Only the host has the digest, so only the host can find the damage.
      expect((await read(client, "packfile", macOf(1))).equals(pattern(size - 500))).toBe(true);
      expect(await read(client, "packfile", macOf(1), { offset: size - 600, length: 300 })).toHaveLength(100);
      await writeFile(path, pattern(size, 9));
      expect((await read(client, "packfile", macOf(1))).equals(pattern(size, 9))).toBe(true);
      await truncate(path, 0);
      expect(await read(client, "packfile", macOf(1))).toHaveLength(0);
      await client.put("packfile", macOf(1), pattern(size));
      expect((await read(client, "packfile", macOf(1))).equals(pattern(size))).toBe(true);
      await stillWorks();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "fails the read of a resource that is truncated during the read",
    async () => {
      const size = 40 * MIB;
      await client.put(
        "packfile",
        macOf(1),
        (function* () {
          for (let i = 0; i < 40; i++) yield pattern(MIB, i);
        })(),
      );
      const reader = client.get("packfile", macOf(1))[Symbol.asyncIterator]();
      await reader.next();
      await truncate(pathOf(root, "packfile", macOf(1)), size - MIB);
      const rest = (async () => {
        while ((await reader.next()).done !== true);
      })();
      expect(await failureOf(rest)).toBe(
        `expected ${size} bytes but read only ${size - MIB}: '${pathOf(root, "packfile", macOf(1))}'`,
      );
    },
    TEST_TIMEOUT_MS,
  );

  it.each([
    ["a directory", (path: string): Promise<unknown> => mkdir(path), /^not a regular file/],
    ["a FIFO", async (path: string): Promise<unknown> => execFileSync("mkfifo", [path]), /^not a regular file/],
    [
      "an unused socket",
      async (path: string): Promise<unknown> => execFileSync(process.execPath, ["-e", SOCKET, path]),
      /^ENXIO/,
    ],
    ["a dangling link", (path: string): Promise<unknown> => symlink("nowhere", path), /^packfile not found/],
    ["a link to itself", (path: string): Promise<unknown> => symlink(path, path), /^ELOOP/],
    [
      "a link to an unreadable file",
      (path: string): Promise<unknown> => symlink("/proc/self/mem", path),
      /^EIO: i\/o error, read/,
    ],
  ])(
    "reports %s in place of a resource, without waiting",
    async (_, make, text) => {
      await client.put("packfile", macOf(1), pattern(1000));
      const path = pathOf(root, "packfile", macOf(1));
      await rm(path);
      await make(path);
      expect(await listed(client, "packfile")).toEqual([]);
      // More calls than Node has threads.
      const reads = Array.from({ length: 8 }, () =>
        failureOf(read(client, "packfile", macOf(1), { offset: 0, length: 100 })),
      );
      for (const failure of await Promise.all(reads)) {
        expect(failure).toMatch(text);
        if (!failure.startsWith("packfile not found")) expect(failure).toContain(`'${path}'`);
      }
      await stillWorks();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "reports a configuration that is not a regular file",
    async () => {
      const config = join(root, "CONFIG");
      await rm(config);
      await mkdir(config);
      expect(await failureOf(client.open())).toBe(`not a regular file: '${config}'`);
      await rm(config, { recursive: true });
      execFileSync("mkfifo", [config]);
      expect(await failureOf(client.open())).toBe(`not a regular file: '${config}'`);
      await stillWorks();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "reports an unreadable folder instead of listing it as empty",
    async () => {
      await client.put("packfile", macOf(1), pattern(1000));
      const folder = join(root, "packfiles", "01");
      await chmod(folder, 0);
      expect(await failureOf(client.list("packfile"))).toBe(`EACCES: permission denied, scandir '${folder}'`);
      const path = pathOf(root, "packfile", macOf(1));
      expect(await failureOf(read(client, "packfile", macOf(1)))).toBe(`EACCES: permission denied, open '${path}'`);
      const put = await failureOf(client.put("packfile", macOf(1), pattern(2000)));
      expect(put).toMatch(/^EACCES: permission denied, rename /);
      expect(put).toContain(`'${path}'`);
      await chmod(folder, 0o700);
      expect(await unfinishedBelow(root)).toEqual([]);
      expect((await read(client, "packfile", macOf(1))).equals(pattern(1000))).toBe(true);
      await chmod(join(root, "states"), 0o500);
      expect(await failureOf(client.put("state", macOf(1), pattern(10)))).toBe(
        `EACCES: permission denied, open '${pathOf(root, "state", macOf(1))}'`,
      );
      await stillWorks();
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "is readable on a read-only disk, and reports EROFS for put, delete and create",
    async () => {
      const disk = await SmallDisk.make(scratch, "size=4m");
      try {
        const path = join(disk.path, "repository");
        const { surroundings } = disk;
        const first = await storageOf({ generation, path, surroundings });
        await first.client.create(Buffer.from("config"));
        await first.client.put("state", macOf(1), pattern(1000));
        await disk.mount("remount,ro");
        const second = await storageOf({ generation, path, surroundings });
        expect(Buffer.from(await second.client.open()).toString()).toBe("config");
        expect(await listed(second.client, "state")).toEqual([macOf(1).hex]);
        expect((await read(second.client, "state", macOf(1))).equals(pattern(1000))).toBe(true);
        expect(await failureOf(second.client.put("state", macOf(1), pattern(10)))).toBe(
          `EROFS: read-only file system, open '${pathOf(path, "state", macOf(1))}'`,
        );
        expect(await failureOf(second.client.delete("state", macOf(1)))).toBe(
          `EROFS: read-only file system, unlink '${pathOf(path, "state", macOf(1))}'`,
        );
        const none = await storageOf({ generation, path: join(disk.path, "none"), surroundings });
        expect(await failureOf(none.client.create(Buffer.from("x")))).toBe(
          `EROFS: read-only file system, mkdir '${join(disk.path, "none")}'`,
        );
      } finally {
        await disk.end();
      }
    },
    TEST_TIMEOUT_MS,
  );
});

/** Makes a socket without a listener. */
const SOCKET = `
  const path = process.argv[1];
  process.chdir(require("path").dirname(path));
  require("net").createServer().listen("./s", () => {
    require("fs").renameSync("./s", path);
    process.exit(0);
  });`;
