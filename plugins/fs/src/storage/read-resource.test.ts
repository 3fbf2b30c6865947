import { read } from "node:fs";
import { readdir, readlink, rename, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { ByteSource, Range } from "@kloset/sdk";
import { BlockingPolicy } from "../fs/blocking-policy.js";
import { makeScratch, pattern, type Scratch } from "../fs/testing.js";
import { maxKept, OpenFiles } from "./open-files.js";
import { readAhead, readFully, readResource } from "./read-resource.js";
import { bytesOf } from "./testing.js";

const MIB = 1024 * 1024;
const NEVER = new AbortController().signal;
type ReadInto = typeof readInto;

function readInto(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, bytes, offset, length, position, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}

/** Returns a policy that lets all calls block, or none. */
function always(mayBlock: boolean): BlockingPolicy {
  const policy = new BlockingPolicy(Infinity);
  if (!mayBlock) policy.blocked(Infinity);
  return policy;
}

describe("reading resources", () => {
  let scratch: Scratch;
  let files: OpenFiles;
  beforeEach(async () => {
    scratch = await makeScratch();
    files = new OpenFiles({ max: 3 });
  });
  afterEach(() => {
    jest.useRealTimers();
    files.close();
    scratch.remove();
  });

  async function made(name: string, content: Uint8Array | string): Promise<string> {
    const path = join(scratch.path, name);
    await writeFile(path, content);
    return path;
  }

  /** Returns the names of the files that are open; undefined on other systems than Linux. */
  async function open(): Promise<string[] | undefined> {
    if (process.platform !== "linux") return undefined;
    const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
    const paths = (await Promise.all(links)).filter((path) => path.startsWith(scratch.path));
    return paths.map((path) => path.slice(scratch.path.length + 1)).sort();
  }

  async function untilOpen(...names: string[]): Promise<void> {
    while (((await open()) ?? names).join() !== names.join()) await new Promise((resolve) => setImmediate(resolve));
  }

  const small = (path: string, range: Range = { offset: 0, length: 4 }): ByteSource | Promise<ByteSource> =>
    readResource(files, path, range, { signal: NEVER });

  describe("OpenFiles", () => {
    it.each(["openNow", "open"] as const)(
      "%s() reopens a path that leads to another file, or to none",
      async (name) => {
        const path = await made("a", "old!");
        const opened = async (): Promise<number> => {
          const file = await files[name](path, NEVER);
          file.release();
          return file.fd;
        };
        const first = await opened();
        expect(await opened()).toBe(first);
        await rename(await made("b", "new!"), path);
        await opened();
        expect((await bytesOf(small(path))).toString()).toBe("new!");
        await unlink(path);
        await expect(opened()).rejects.toThrow(`ENOENT: no such file or directory, open '${path}'`);
        await untilOpen();
      },
    );

    it("keeps those that were used last", async () => {
      const paths = await Promise.all(["a", "b", "c", "d", "e"].map((name) => made(name, name.repeat(4))));
      for (const path of paths.slice(0, 3)) await small(path);
      await untilOpen("a", "b", "c");
      await small(paths[0] ?? "");
      await small(paths[3] ?? "");
      await untilOpen("a", "c", "d");
      expect((await bytesOf(small(paths[4] ?? ""))).toString()).toBe("eeee");
      await untilOpen("a", "d", "e");
      files.close();
      await untilOpen();
      expect((await bytesOf(small(paths[4] ?? ""))).toString()).toBe("eeee");
      await untilOpen();
    });

    it("closes one that is evicted, dropped or closed during a read after the read", async () => {
      const content = pattern(3 * MIB);
      const path = await made("large", content);
      const parts: Buffer[] = [];
      const ends = [
        async () => {
          for (const name of ["a", "b", "c"]) await small(await made(name, name));
        },
        async () => {
          files.drop(path);
        },
        async () => {
          files.close();
        },
      ];
      for (const end of ends) {
        const source = (await readResource(files, path, undefined, { signal: NEVER })) as AsyncIterable<Uint8Array>;
        for await (const chunk of source) {
          if (parts.length === 0) await end();
          parts.push(Buffer.from(chunk));
        }
        expect(Buffer.concat(parts.splice(0)).equals(content)).toBe(true);
        while ((await open())?.includes("large") === true) await new Promise((resolve) => setImmediate(resolve));
      }
    });

    it("reopens a file after a read has failed", async () => {
      const path = await made("large", pattern(MIB));
      const file = files.openNow(path);
      const part = { path, offset: 0, length: MIB, least: MIB };
      const stale: ReadInto = () =>
        Promise.reject(Object.assign(new Error("ESTALE: stale file handle, read"), { code: "ESTALE" }));
      await expect(bytesOf(readAhead(file, part, NEVER, always(false), stale))).rejects.toThrow(`ESTALE: stale file`);
      const again = files.openNow(path);
      expect(again).not.toBe(file);
      expect((await bytesOf(readAhead(again, part, NEVER, always(false)))).equals(pattern(MIB))).toBe(true);
      expect(files.openNow(path)).toBe(again);
      again.release();
    });

    it("closes those that are idle", async () => {
      jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "performance"] });
      const [a, b] = [await made("a", "aaaa"), await made("b", "bbbb")];
      await small(a);
      await small(b);
      jest.advanceTimersByTime(1_000);
      await small(b);
      jest.advanceTimersByTime(1_000);
      await untilOpen("b");
      jest.advanceTimersByTime(1_000);
      await untilOpen();
      expect(jest.getTimerCount()).toBe(0);
    });

    it("keeps few if the process may open few", () => {
      if (process.platform === "win32") return;
      const limits = (files: string): string =>
        `Max processes             95   95   processes\nMax open files            ${files.padEnd(20)} 9999 files\n`;
      expect(maxKept(limits("1048576"))).toBe(64);
      expect(maxKept(limits("unlimited"))).toBe(64);
      expect(maxKept(limits("256"))).toBe(48);
      expect(maxKept(limits("40"))).toBe(0);
      expect(maxKept("")).toBe(64);
    });
  });

  describe.each([true, false])("readAhead, blocking: %s,", (blocking) => {
    const content = pattern(5 * MIB + 7);
    let path: string;
    beforeEach(async () => {
      path = await made("large", content);
    });

    const ahead = (signal = NEVER, into: ReadInto = readInto, offset = 0): AsyncIterable<Uint8Array> => {
      const length = content.length - offset;
      const part = { path, offset, length, least: length };
      return readAhead(files.openNow(path), part, signal, always(blocking), into);
    };

    it("returns every byte, also from an offset, to several readers at once", async () => {
      const all = await Promise.all([0, 1, MIB + 3].map((offset) => bytesOf(ahead(NEVER, readInto, offset))));
      for (const [i, offset] of [0, 1, MIB + 3].entries()) expect(all[i]?.equals(content.subarray(offset))).toBe(true);
    });

    it("ends on abort, once its reads have ended", async () => {
      const abort = new AbortController();
      const reading = (async () => {
        for await (const chunk of ahead(abort.signal)) {
          expect(chunk.length).toBe(MIB);
          files.close();
          abort.abort(new Error("enough"));
        }
      })();
      await expect(reading).rejects.toThrow("enough");
      await untilOpen();
    });

    it("fails if the file is truncated meanwhile", async () => {
      const reading = (async () => {
        for await (const chunk of ahead()) if (chunk.length > 0) await truncate(path, 2 * MIB + 5);
      })();
      await expect(reading).rejects.toThrow(/expected 5242887 bytes but read only \d+: '.*large'/);
    });
  });

  it("reads a range of a file that seems to be empty, and fails if another one has shrunk", async () => {
    if (process.platform === "linux") {
      expect((await bytesOf(small("/proc/self/status"))).toString()).toBe("Name");
      expect(() => small("/proc/self/mem")).toThrow("EIO: i/o error, read '/proc/self/mem'");
    }
    const path = await made("f", "0123456789");
    expect((await bytesOf(small(path, { offset: 8, length: 4 }))).toString()).toBe("89");
    const file = files.openNow(path);
    await truncate(path, 5);
    const part = { path, offset: 4, length: 4, least: 4 };
    await expect(readFully(file.fd, part)).rejects.toThrow(`expected 4 bytes but read only 1: '${path}'`);
    file.release();
  });

  it("readAhead never skips bytes after a short read", async () => {
    const content = pattern(5 * MIB);
    const path = await made("large", content);
    let reads = 0;
    const short: ReadInto = (fd, bytes, offset, length, position) =>
      readInto(fd, bytes, offset, ++reads % 2 === 0 ? length : 1000, position);
    const part = { path, offset: 0, length: content.length, least: content.length };
    expect((await bytesOf(readAhead(files.openNow(path), part, NEVER, always(false), short))).equals(content)).toBe(
      true,
    );
  });

  it("readAhead releases the file after its last read has ended, if reading stops or fails", async () => {
    const path = await made("large", pattern(5 * MIB));
    const part = { path, offset: 0, length: 5 * MIB, least: 0 };
    for (const failing of [false, true]) {
      const own = new OpenFiles({ max: 0 });
      const running: (() => void)[] = [];
      const held: ReadInto = async (...args) => {
        if (running.length > 0 || args[4] > 0) await new Promise<void>((resolve) => running.push(resolve));
        else if (failing) throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
        return readInto(...args);
      };
      const iterator = readAhead(own.openNow(path), part, NEVER, always(false), held)[Symbol.asyncIterator]();
      const first = iterator.next();
      const ended = failing ? first : first.then(() => iterator.return?.());
      let isOver = false;
      const over = ended.catch((error: unknown) => error).then((result) => ((isOver = true), result));
      while (running.length < 1) await new Promise((resolve) => setImmediate(resolve));
      expect(isOver).toBe(false);
      await untilOpen("large");
      // A read that is still running may start others only while the file is open.
      const release = setInterval(() => {
        for (const go of running.splice(0)) go();
      }, 1);
      const result = await over;
      clearInterval(release);
      if (failing) expect(String(result)).toContain(`EIO: i/o error, read '${path}'`);
      await untilOpen();
    }
  });
});
