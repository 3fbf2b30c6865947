import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  openSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ByteSource } from "@kloset/sdk";
import { systemError } from "../fs/errors.js";
import { readFile, type OpenPath } from "./read-file.js";
import { contentOf, makeFolder, messageOf, removeFolder } from "./testing/fixtures.js";

const MIB = 1024 * 1024;
const signal = new AbortController().signal;
let folder = "";

beforeAll(() => {
  folder = makeFolder();
});

afterAll(() => {
  removeFolder(folder);
});

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function openDescriptors(): number {
  return readdirSync("/dev/fd").length;
}

function iteratorOf(source: ByteSource): AsyncIterator<Uint8Array> {
  if (source instanceof Uint8Array || !(Symbol.asyncIterator in source)) throw new Error("not a stream");
  return source[Symbol.asyncIterator]();
}

describe("readFile", () => {
  it.each([0, 1, 4095, 65_536, MIB - 1, MIB, MIB + 1, 2 * MIB, 5 * MIB + 17])("reads %d bytes", async (size) => {
    const content = randomBytes(size);
    const path = file(`size-${size}`, content);
    const before = openDescriptors();
    expect((await contentOf(await readFile(path, signal))).equals(content)).toBe(true);
    expect(openDescriptors()).toBe(before);
  });

  it("yields chunks of at most 1 MiB", async () => {
    const path = file("chunks", randomBytes(3 * MIB + 1));
    const sizes: number[] = [];
    for await (const chunk of (await readFile(path, signal)) as AsyncIterable<Uint8Array>) sizes.push(chunk.length);
    expect(sizes).toEqual([MIB, MIB, MIB, 1]);
  });

  it("does not open a large file until it is read", async () => {
    const path = file("lazy", randomBytes(2 * MIB));
    const before = openDescriptors();
    await readFile(path, signal);
    expect(openDescriptors()).toBe(before);
  });

  it("closes a file that is not read to its end", async () => {
    const before = openDescriptors();
    const chunks = iteratorOf(await readFile(file("early", randomBytes(9 * MIB)), signal));
    await chunks.next();
    expect(openDescriptors()).toBe(before + 1);
    await chunks.return?.();
    expect(openDescriptors()).toBe(before);
  });

  it("reports a file that shrinks", async () => {
    const path = file("shrinks", randomBytes(6 * MIB));
    const chunks = await readFile(path, signal);
    const before = openDescriptors();
    const message = await messageOf(async () => {
      let first = true;
      for await (const chunk of chunks as AsyncIterable<Uint8Array>) {
        if (first) truncateSync(path, 5 * MIB);
        first = false;
        expect(chunk.length).toBeGreaterThan(0);
      }
    });
    expect(message).toBe(`"${path}" changed while it was read: ${6 * MIB} bytes at the start, ${5 * MIB} read`);
    expect(openDescriptors()).toBe(before);
  });

  it("reports a file that grows, without reading forever", async () => {
    const path = file("grows", randomBytes(3 * MIB));
    const chunks = await readFile(path, signal);
    const message = await messageOf(async () => {
      for await (const chunk of chunks as AsyncIterable<Uint8Array>) appendFileSync(path, Buffer.from(chunk));
    });
    expect(message).toContain(`"${path}" changed while it was read: ${3 * MIB} bytes at the start, at least`);
  });

  it("reports a file whose writer restores its mtime", async () => {
    const path = file("put-back", Buffer.alloc(6 * MIB, "a"));
    const time = new Date("2020-01-01");
    utimesSync(path, time, time);
    const chunks = iteratorOf(await readFile(path, signal));
    await chunks.next();
    writeFileSync(path, Buffer.alloc(6 * MIB, "b"), { flag: "r+" });
    utimesSync(path, time, time);
    const message = await messageOf(async () => {
      while ((await chunks.next()).done !== true);
    });
    expect(message).toContain(`"${path}" changed while it was read: its content, attributes or names`);
  });

  it("stops when the signal is aborted", async () => {
    const controller = new AbortController();
    const before = openDescriptors();
    const chunks = iteratorOf(await readFile(file("abort", randomBytes(9 * MIB)), controller.signal));
    await chunks.next();
    controller.abort(new Error("enough"));
    expect(await messageOf(() => chunks.next())).toBe("enough");
    expect(openDescriptors()).toBe(before);
    expect(await messageOf(() => readFile(join(folder, "abort"), controller.signal))).toBe("enough");
  });

  it("names a file that does not exist", async () => {
    const path = join(folder, "none");
    expect(await messageOf(() => readFile(path, signal))).toBe(`ENOENT: no such file or directory, open '${path}'`);
  });

  /** Fakes `open` for a file whose lease is released after some attempts. */
  function leasedFor(tries: number): OpenPath {
    return (path, flags) => {
      if (tries-- > 0) throw systemError("EAGAIN", "resource temporarily unavailable, open", path);
      return openSync(path, flags);
    };
  }

  it.each([5, 2 * MIB])("waits for a lease on a file of %d bytes", async (size) => {
    const content = randomBytes(size);
    const path = file("leased", content);
    const before = openDescriptors();
    expect((await contentOf(await readFile(path, signal, undefined, leasedFor(2)))).equals(content)).toBe(true);
    expect(openDescriptors()).toBe(before);
  });

  it("does not wait for a lease when the signal is aborted", async () => {
    const path = file("leased-forever", "x");
    const abort = new AbortController();
    const leased = leasedFor(Infinity);
    const source = readFile(path, abort.signal, undefined, (...args) => {
      queueMicrotask(() => {
        abort.abort(new Error("enough"));
      });
      return leased(...args);
    });
    expect(await messageOf(() => source)).toBe("enough");
  });

  it("does not wait for a FIFO that replaced a file", async () => {
    const path = join(folder, "fifo");
    execFileSync("mkfifo", [path]);
    expect(await messageOf(() => readFile(path, signal))).toBe(`"${path}" is no longer a regular file`);
  });

  it("does not follow a symbolic link that replaced a file", async () => {
    symlinkSync(file("target", "secret"), join(folder, "link"));
    expect(await messageOf(() => readFile(join(folder, "link"), signal))).toContain(join(folder, "link"));
  });

  it("rejects a directory", async () => {
    mkdirSync(join(folder, "directory"));
    expect(await messageOf(() => readFile(join(folder, "directory"), signal))).toContain(join(folder, "directory"));
  });

  it("names a file that may not be read, unless it runs as root", async () => {
    const path = file("mode-000", "content");
    chmodSync(path, 0);
    const message = await messageOf(async () => contentOf(await readFile(path, signal)));
    expect(message).toBe(process.getuid?.() === 0 ? undefined : `EACCES: permission denied, open '${path}'`);
  });
});
