import {
  appendFile,
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { Mac, type ConnectorContext, type Range, type ResourceKind } from "@kloset/sdk";
import { temporaryName } from "../fs/temporary-name.js";
import { asOrdinaryUser, makeScratch, pattern, streamOf, type Scratch } from "../fs/testing.js";
import definition, { FsStore } from "./store.js";
import { DirectorySyncs } from "./sync-directory.js";
import { bytesOf, failDirectorySync } from "./testing.js";

const NEVER = new AbortController().signal;
const idle = { signal: NEVER, hot: false };
const KINDS = ["packfile", "state", "lock"] as const;
const MIB = 1024 * 1024;

function macOf(first: number, rest = 0): Mac {
  return Mac.fromBytes(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? first : rest)));
}

describe("DirectorySyncs", () => {
  /** Returns syncs that wait to be ended, and the paths of those that have begun. */
  function held(): { syncs: DirectorySyncs; begun: string[]; end: (failure?: Error) => void } {
    const begun: string[] = [];
    const ends: ((failure?: Error) => void)[] = [];
    const syncs = new DirectorySyncs((path) => {
      begun.push(path);
      return new Promise((resolve, reject) => {
        ends.push((failure) => {
          if (failure === undefined) resolve();
          else reject(failure);
        });
      });
    });
    return { syncs, begun, end: (failure) => ends.shift()?.(failure) };
  }

  /** Waits until everything that can happen has happened. */
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it("shares one sync among those that wait for it", async () => {
    const { syncs, begun, end } = held();
    const both = Promise.all([syncs.sync("/a"), syncs.sync("/a")]);
    const other = syncs.sync("/b");
    await settled();
    expect(begun).toEqual(["/a", "/b"]);
    end();
    await both;
    end();
    await other;
    expect(begun).toEqual(["/a", "/b"]);
  });

  it("lets those that come during a sync wait for the next one", async () => {
    const { syncs, begun, end } = held();
    const ended: string[] = [];
    const sync = async (name: string): Promise<void> => {
      await syncs.sync("/a");
      ended.push(name);
    };
    const all = [sync("first")];
    await settled();
    all.push(sync("second"), sync("third"));
    await settled();
    expect([begun.length, ended]).toEqual([1, []]);
    end();
    await settled();
    expect([begun.length, ended]).toEqual([2, ["first"]]);
    all.push(sync("fourth"));
    end();
    await settled();
    expect([begun.length, ended]).toEqual([3, ["first", "second", "third"]]);
    end();
    await Promise.all(all);
    expect(begun.length).toBe(3);
  });

  it("fails for all that a failed sync served, and for no other", async () => {
    const { syncs, end } = held();
    const failure = new Error("EIO");
    const served = [syncs.sync("/a"), syncs.sync("/a")];
    await settled();
    const later = syncs.sync("/a");
    end(failure);
    expect(await Promise.allSettled(served)).toEqual(served.map(() => ({ status: "rejected", reason: failure })));
    await settled();
    end();
    await later;
  });
});

describe("FsStore", () => {
  let scratch: Scratch;
  let root: string;
  let store: FsStore;

  async function openScratch(on: "disk" | "memory"): Promise<void> {
    scratch = await makeScratch(on);
    root = join(scratch.path, "made", "repository");
    store = new FsStore(`tsfs://${root}`, root);
  }
  afterEach(() => {
    jest.restoreAllMocks();
    store.close();
    scratch.remove();
  });

  async function listOf(kind: ResourceKind): Promise<string[]> {
    const names: string[] = [];
    for await (const mac of store.list(kind)) names.push(mac.hex);
    return names.sort();
  }

  async function read(kind: ResourceKind, mac: Mac, range?: Range): Promise<Buffer> {
    return bytesOf(await store.get(kind, mac, { ...idle, range }));
  }

  it("describes itself", async () => {
    await openScratch("memory");
    const options = { hostname: "", os: "", arch: "", cwd: "", maxConcurrency: 1, excludes: [], noXattr: false };
    // Plakar leaves a passphrase that it does not use.
    const config = { location: "tsfs:///r/", passphrase: "word" };
    const context: ConnectorContext = { location: "tsfs:///r/", config, options, protocol: "tsfs", signal: NEVER };
    const made = await definition.factory(context);
    expect(await made.location()).toBe("tsfs:///r/");
    expect(await made.root?.()).toBe("/r");
    expect(await made.type?.()).toBe("fs");
    expect(await made.origin?.()).toBe("localhost");
    expect(await made.mode()).toBe(6);
    expect(await made.flags?.()).toBe(1);
    await expect(async () => definition.factory({ ...context, location: "tsfs://r" })).rejects.toThrow('"tsfs://r"');
    await expect(async () => definition.factory({ ...context, config: { sparse: "true" } })).rejects.toThrow(
      '"sparse"',
    );
  });

  describe("create and open", () => {
    const config = pattern(5000);
    beforeEach(() => openScratch("disk"));

    it("stores the configuration, in Plakar's own layout", async () => {
      await store.create(config);
      expect(Buffer.from(await store.open()).equals(config)).toBe(true);
      expect((await readdir(root)).sort()).toEqual(["CONFIG", "locks", "packfiles", "states"]);
      for (const kind of ["packfiles", "states"]) {
        const folders = (await readdir(join(root, kind))).sort();
        expect(folders.length).toBe(256);
        expect([folders[0], folders[10], folders[255]]).toEqual(["00", "0a", "ff"]);
      }
      for (const kind of KINDS) expect(await listOf(kind)).toEqual([]);
      expect((await stat(root)).mode & 0o777).toBe(0o700);
    });

    it("accepts an empty directory, and an empty configuration", async () => {
      await mkdir(root, { recursive: true });
      await store.create(new Uint8Array());
      expect((await store.open()).length).toBe(0);
    });

    it("rejects a repository, a directory that is not empty, and a file", async () => {
      await store.create(config);
      await expect(store.create(config)).rejects.toThrow(`there is a repository in ${root} already`);
      // A repository that has lost its configuration but not its resources.
      await store.put("state", macOf(1), streamOf(["x"]));
      await rm(join(root, "CONFIG"));
      const before = await readdir(root, { recursive: true });
      await expect(store.create(config)).rejects.toThrow(`directory ${root} is not empty`);
      expect(await readdir(root, { recursive: true })).toEqual(before);
      const file = new FsStore("", join(root, "file"));
      await writeFile(join(root, "file"), "");
      await expect(file.create(config)).rejects.toThrow(join(root, "file"));
    });

    it("lets one of several concurrent creates succeed", async () => {
      await mkdir(root, { recursive: true });
      const results = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => store.create(Buffer.from([i]))));
      expect(results.filter(({ status }) => status === "fulfilled").length).toBe(1);
      expect((await store.open())[0]).toBe(results.findIndex(({ status }) => status === "fulfilled"));
    });

    it("reports a missing repository", async () => {
      await expect(store.open()).rejects.toThrow(`there is no repository in ${root}: its CONFIG file is missing`);
      await mkdir(root, { recursive: true });
      await expect(store.open()).rejects.toThrow(`there is no repository in ${root}`);
    });

    it("rejects a configuration that is larger than a message", async () => {
      await expect(store.create(new Uint8Array(4 * MIB + 1))).rejects.toThrow(
        "the configuration has 4194305 bytes, at most 4194304 are allowed",
      );
      await store.create(config);
      await appendFile(join(root, "CONFIG"), new Uint8Array(4 * MIB));
      await expect(store.open()).rejects.toThrow("at most 4194304");
    });
  });

  describe("resources", () => {
    beforeEach(async () => {
      await openScratch("memory");
      await store.create(Buffer.from("config"));
    });

    it.each(KINDS)("stores, lists, replaces and deletes a %s", async (kind) => {
      const [one, two] = [macOf(0xab), macOf(0x00, 0xff)];
      expect(await store.put(kind, one, streamOf(["hel", "lo"]))).toBe(5);
      expect(await store.put(kind, two, streamOf([]))).toBe(0);
      expect(await listOf(kind)).toEqual([two.hex, one.hex]);
      expect(await read(kind, one)).toEqual(Buffer.from("hello"));
      expect((await read(kind, two)).length).toBe(0);
      expect(await store.put(kind, one, streamOf(["other"]))).toBe(5);
      expect(await read(kind, one)).toEqual(Buffer.from("other"));
      await store.delete(kind, one);
      expect(await listOf(kind)).toEqual([two.hex]);
      for (const other of KINDS) if (other !== kind) expect(await listOf(other)).toEqual([]);
    });

    it("uses the paths of Plakar's own storage", async () => {
      const mac = macOf(0xab, 1);
      for (const kind of KINDS) await store.put(kind, mac, streamOf(["x"]));
      for (const path of [`packfiles/ab/${mac.hex}`, `states/ab/${mac.hex}`, `locks/${mac.hex}`]) {
        expect((await lstat(join(root, path))).mode).toBe(0o100600);
      }
    });

    it.each(KINDS)("names a missing %s", async (kind) => {
      const text = `${kind} not found: ${macOf(1).hex}`;
      await expect(read(kind, macOf(1))).rejects.toThrow(text);
      await expect(read(kind, macOf(1), { offset: 0, length: 1 })).rejects.toThrow(text);
      await expect(store.delete(kind, macOf(1))).rejects.toThrow(text);
    });

    it("rejects other kinds", async () => {
      const text = 'does not support resources of the kind "ecc-state"';
      await expect(store.put("ecc-state", macOf(1), streamOf(["x"]))).rejects.toThrow(text);
      await expect(read("ecc-state", macOf(1))).rejects.toThrow(text);
      await expect(store.delete("ecc-state", macOf(1))).rejects.toThrow(text);
      await expect(listOf("ecc-state")).rejects.toThrow(text);
    });

    it("returns resources of every size around a chunk, and a large one", async () => {
      for (const size of [0, 1, 4095, MIB - 1, MIB, MIB + 1, 3 * MIB, 24 * MIB + 1]) {
        const content = pattern(size);
        const chunks = Array.from({ length: Math.ceil(size / 777_777) }, (_, i) =>
          content.subarray(i * 777_777, (i + 1) * 777_777),
        );
        expect(await store.put("packfile", macOf(7), streamOf(chunks))).toBe(size);
        const same = (await read("packfile", macOf(7))).equals(content);
        expect({ size, same }).toEqual({ size, same: true });
      }
    });

    it("returns ranges, truncated at the end", async () => {
      const content = pattern(3 * MIB);
      await store.put("packfile", macOf(7), streamOf([content]));
      for (const [offset, length] of [
        [0, 0],
        [0, 1],
        [17, 17],
        [0, MIB],
        [1, MIB],
        [MIB - 1, 2 * MIB],
        [123_456, 2_272_360],
        [3 * MIB - 5, 5],
        [3 * MIB - 5, 6],
        [3 * MIB - 5, 0xffff_ffff],
        [0, 0xffff_ffff],
        [3 * MIB, 1],
        [3 * MIB + 1, 2 * MIB],
        [2 ** 40, 10],
        [2 ** 52, 0xffff_ffff],
      ] as const) {
        const range = await read("packfile", macOf(7), { offset, length });
        const same = range.equals(content.subarray(offset, offset + length));
        expect({ offset, length, same }).toEqual({ offset, length, same: true });
      }
    });

    it("rejects an invalid range", async () => {
      await store.put("packfile", macOf(7), streamOf(["x"]));
      for (const range of [
        { offset: -1, length: 1 },
        { offset: 0, length: -1 },
        { offset: 0.5, length: 1 },
        { offset: 2 ** 53 - 1, length: 2 },
      ]) {
        await expect(read("packfile", macOf(7), range)).rejects.toThrow(`offset ${range.offset}`);
      }
    });

    it("keeps the old resource, and nothing of the new one, if a put fails", async () => {
      const failure = new Error("the host has gone");
      for (const kind of KINDS) {
        await store.put(kind, macOf(1), streamOf(["old"]));
        await expect(store.put(kind, macOf(1), streamOf(["new"], failure))).rejects.toBe(failure);
        await expect(store.put(kind, macOf(2), streamOf(["new"], failure))).rejects.toBe(failure);
        expect(await read(kind, macOf(1))).toEqual(Buffer.from("old"));
        expect(await listOf(kind)).toEqual([macOf(1).hex]);
      }
      expect((await readdir(root)).length).toBe(4);
      expect((await readdir(join(root, "packfiles"))).length).toBe(256);
    });

    it.each(KINDS)("fails a put of a %s whose name could not be synced, though it is complete", async (kind) => {
      await store.put(kind, macOf(1), streamOf(["old"]));
      for (const mac of [macOf(1), macOf(2)]) {
        await failDirectorySync(1);
        await expect(store.put(kind, mac, streamOf(["new"]))).rejects.toThrow("EIO: i/o error, fsync");
        jest.restoreAllMocks();
        expect(await read(kind, mac)).toEqual(Buffer.from("new"));
      }
      expect(await listOf(kind)).toEqual([macOf(2).hex, macOf(1).hex].sort());
    });

    it("syncs the folder of each put after its rename", async () => {
      const { count } = await failDirectorySync(Infinity);
      const puts = Array.from({ length: 8 }, (_, i) => store.put("lock", macOf(i), streamOf([`lock ${i}`])));
      await Promise.all(puts);
      expect(count()).toBeGreaterThan(0);
      expect(count()).toBeLessThanOrEqual(puts.length);
      const before = count();
      await store.put("lock", macOf(9), streamOf(["one more"]));
      expect(count()).toBe(before + 1);
      expect((await listOf("lock")).length).toBe(9);
    });

    it.each(KINDS)("never lists an incomplete %s", async (kind) => {
      const seen: string[][] = [];
      async function* data(): AsyncGenerator<Uint8Array> {
        yield pattern(100_000);
        seen.push(await listOf(kind));
        yield pattern(100_000);
      }
      await store.put(kind, macOf(1), data());
      expect(seen).toEqual([[]]);
      expect(await listOf(kind)).toEqual([macOf(1).hex]);
    });

    it("lists only files with a valid name in the right folder", async () => {
      const mac = macOf(0xab);
      await store.put("packfile", mac, streamOf(["x"]));
      const folder = join(root, "packfiles", "ab");
      await writeFile(join(folder, macOf(0xac).hex), "in the wrong folder");
      await writeFile(join(root, "packfiles", mac.hex), "one above");
      for (const name of [temporaryName(), "tmp.123", mac.hex.toUpperCase(), `${mac.hex}0`, mac.hex.slice(1), "ab\n"]) {
        await writeFile(join(folder, name), "");
      }
      await mkdir(join(folder, macOf(0xab, 1).hex));
      await symlink(mac.hex, join(folder, macOf(0xab, 2).hex));
      await mkdir(join(root, "packfiles", "zz"));
      expect(await listOf("packfile")).toEqual([mac.hex]);
    });

    it("works without subfolders, but not without the root", async () => {
      await rm(join(root, "packfiles", "ab"), { recursive: true });
      await rm(join(root, "states"), { recursive: true });
      expect(await listOf("packfile")).toEqual([]);
      await expect(listOf("state")).rejects.toThrow(join(root, "states"));
      await store.put("packfile", macOf(0xab), streamOf(["x"]));
      await store.put("state", macOf(0xab), streamOf(["x"]));
      expect(await listOf("packfile")).toEqual([macOf(0xab).hex]);
      expect(await listOf("state")).toEqual([macOf(0xab).hex]);
      // As if the disk were not mounted: nothing may be written to the mount point.
      await rm(root, { recursive: true });
      await expect(store.put("state", macOf(1), streamOf(["x"]))).rejects.toThrow(/^ENOENT: .*states'$/);
      await expect(lstat(root)).rejects.toThrow("ENOENT");
    });

    it.each(KINDS)("fails a listing of %s if the repository is moved or replaced during it", async (kind) => {
      for (const first of [0x00, 0x40, 0xff]) await store.put(kind, macOf(first), streamOf(["x"]));
      const folder = join(root, `${kind}s`);
      const gone = store.list(kind);
      expect((await gone.next()).done).toBe(false);
      await rename(root, `${root}.moved`);
      const rest = async (listing: AsyncIterable<Mac>): Promise<void> => {
        for await (const mac of listing) expect(mac.hex).not.toBe("");
      };
      await expect(rest(gone)).rejects.toThrow(`ENOENT: no such file or directory, stat '${folder}'`);

      await rename(`${root}.moved`, root);
      const replaced = store.list(kind);
      expect((await replaced.next()).done).toBe(false);
      await rename(root, `${root}.moved`);
      await store.create(Buffer.from("another"));
      await expect(rest(replaced)).rejects.toThrow(`'${folder}' was replaced by another directory`);
    });

    it("names a path that it may not write, or that is a directory", async () => {
      await mkdir(join(root, "packfiles", "01", macOf(1).hex));
      const put = store.put("packfile", macOf(1), streamOf(["x"]));
      await expect(put).rejects.toThrow(`'${join(root, "packfiles", "01", macOf(1).hex)}'`);
      await chmod(join(root, "packfiles"), 0o555);
      for (const path of [root, join(root, "..")]) await chmod(path, 0o755);
      await asOrdinaryUser(async () => {
        const refused = store.put("packfile", macOf(2), streamOf(["x"]));
        await expect(refused).rejects.toThrow(/^EACCES: permission denied, (mkdir|open) .*packfiles\/02/);
      });
      await chmod(join(root, "packfiles"), 0o755);
      expect((await readdir(join(root, "packfiles"))).length).toBe(256);
    });

    it("returns its size", async () => {
      const empty = await store.size();
      expect(empty).toBe("config".length);
      await store.put("packfile", macOf(1), streamOf([pattern(100_000)]));
      await store.put("lock", macOf(1), streamOf([pattern(23)]));
      await symlink("/etc", join(root, "link"));
      expect(await store.size()).toBe(empty + 100_023);
      await rm(root, { recursive: true });
      await expect(store.size()).rejects.toThrow(root);
    });

    it("removes old leftovers of unknown processes", async () => {
      // The name of a process on another machine, whose state is unknown.
      const foreign = (): string => temporaryName().replace(/-[0-9a-f]{8}-/, "-89abcdef-");
      const [old, young, mine] = [foreign(), foreign(), temporaryName()];
      const day = 24 * 60 * 60;
      const now = Date.now() / 1000;
      for (const folder of [root, join(root, "packfiles"), join(root, "states")]) {
        for (const name of [old, young, mine, "tmp.1234"]) await writeFile(join(folder, name), "left");
        for (const name of [old, "tmp.1234"]) await utimes(join(folder, name), now - day - 60, now - day - 60);
      }
      await store.open();
      for (const folder of [root, join(root, "packfiles"), join(root, "states")]) {
        const names = await readdir(folder);
        expect(names).not.toContain(old);
        expect(names).toEqual(expect.arrayContaining([young, mine, "tmp.1234"]));
      }
    });
  });

  describe("open files", () => {
    let packfile: string;
    beforeEach(async () => {
      await openScratch("memory");
      packfile = join(root, "packfiles", "01", macOf(1).hex);
      await store.create(Buffer.from("config"));
      await store.put("packfile", macOf(1), streamOf([pattern(5 * MIB)]));
    });

    /** Returns the open paths of this process in the repository; always empty on other systems than Linux. */
    async function openFiles(): Promise<string[]> {
      if (process.platform !== "linux") return [];
      const links = (await readdir("/proc/self/fd")).map((fd) => readLink(`/proc/self/fd/${fd}`));
      return (await Promise.all(links)).filter((path) => path.startsWith(root));
    }

    async function readLink(path: string): Promise<string> {
      return readlink(path).catch(() => "");
    }

    async function until(condition: () => Promise<boolean>): Promise<void> {
      while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
    }

    it("are kept for packfiles only, until the store is closed", async () => {
      await store.put("state", macOf(1), streamOf([pattern(5 * MIB)]));
      await store.put("lock", macOf(1), streamOf(["lock"]));
      await read("state", macOf(1));
      await read("lock", macOf(1));
      await until(async () => (await openFiles()).length === 0);
      await read("packfile", macOf(1));
      await read("packfile", macOf(1), { offset: 5, length: 5 });
      if (process.platform === "linux") expect(await openFiles()).toEqual([packfile]);
      store.close();
      await until(async () => (await openFiles()).length === 0);
    });

    it("are closed when the resource is replaced or deleted", async () => {
      await read("packfile", macOf(1));
      await store.put("packfile", macOf(1), streamOf(["new"]));
      await until(async () => (await openFiles()).length === 0);
      expect((await read("packfile", macOf(1))).toString()).toBe("new");
      await store.delete("packfile", macOf(1));
      await until(async () => (await openFiles()).length === 0);
      await expect(read("packfile", macOf(1), { offset: 0, length: 1 })).rejects.toThrow("packfile not found");
    });

    it("are not used for a resource that another process has replaced, moved or deleted", async () => {
      const range = { offset: 0, length: 3 };
      await read("packfile", macOf(1), range);
      const other = new FsStore("", root);
      await other.put("packfile", macOf(1), streamOf(["new"]));
      expect((await read("packfile", macOf(1), range)).toString()).toBe("new");
      await rename(packfile, `${packfile}.moved`);
      await expect(read("packfile", macOf(1), range)).rejects.toThrow("packfile not found");
      await rename(`${packfile}.moved`, packfile);
      expect((await read("packfile", macOf(1), range)).toString()).toBe("new");
      await rename(root, `${root}.moved`);
      await expect(read("packfile", macOf(1), range)).rejects.toThrow("packfile not found");
      await rename(`${root}.moved`, root);
      await other.delete("packfile", macOf(1));
      await expect(read("packfile", macOf(1), range)).rejects.toThrow("packfile not found");
    });

    it("are closed when the reader stops", async () => {
      const source = await store.get("packfile", macOf(1), idle);
      store.close();
      for await (const chunk of source as AsyncIterable<Uint8Array>) {
        expect(chunk.length).toBe(MIB);
        break;
      }
      await until(async () => (await openFiles()).length === 0);
    });

    it("are closed on abort: while reading, before reading, and before opening", async () => {
      const abort = new AbortController();
      const context = { signal: abort.signal, hot: false };
      const source = (await store.get("packfile", macOf(1), context)) as AsyncIterable<Uint8Array>;
      const unread = await store.get("packfile", macOf(1), context);
      store.close();
      const reading = (async () => {
        for await (const chunk of source) {
          expect(chunk.length).toBe(MIB);
          abort.abort();
        }
      })();
      await expect(reading).rejects.toThrow("aborted");
      await until(async () => (await openFiles()).length === 0);
      expect(unread).toBeDefined();
      // If the disk is slow, get() itself rejects.
      const refused = (async () => bytesOf(await store.get("packfile", macOf(1), context)))();
      await expect(refused).rejects.toThrow("aborted");
      await until(async () => (await openFiles()).length === 0);
    });

    it("return the old content if the resource is replaced", async () => {
      const source = await store.get("packfile", macOf(1), idle);
      await store.put("packfile", macOf(1), streamOf(["new"]));
      expect((await bytesOf(source)).equals(pattern(5 * MIB))).toBe(true);
      expect(await readFile(packfile, "utf8")).toBe("new");
    });
  });
});
