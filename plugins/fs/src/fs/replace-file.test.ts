import { closeSync, fstatSync, readFileSync } from "node:fs";
import { lstat, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { BLOCKING_MAX, policy } from "./calls.js";
import { mayReplaceAtOnce, replaceFile, replaceSmallFile } from "./replace-file.js";
import { makeScratch, pattern, streamOf, type Scratch } from "./testing.js";

const MIB = 1024 * 1024;

describe("replaceFile", () => {
  let scratch: Scratch;
  let target: string;
  let temporary: string;
  beforeEach(async () => {
    scratch = await makeScratch();
    target = join(scratch.path, "target");
    temporary = join(scratch.path, "temporary");
  });
  afterEach(() => {
    scratch.remove();
  });

  it("writes a new file for its owner only, and returns its size", async () => {
    const written = await replaceFile({ target, temporary, data: streamOf(["hel", "", "lo"]), sync: true });
    expect(written).toBe(5);
    expect(await readFile(target, "utf8")).toBe("hello");
    expect((await lstat(target)).mode & 0o7777).toBe(0o600);
    expect(await readdir(scratch.path)).toEqual(["target"]);
  });

  it("writes an empty file", async () => {
    expect(await replaceFile({ target, temporary, data: streamOf([]), sparse: true })).toBe(0);
    expect((await lstat(target)).size).toBe(0);
  });

  it("keeps the old file visible until the new one is complete", async () => {
    await writeFile(target, "old");
    const seen: string[] = [];
    async function* data(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("new ");
      seen.push(await readFile(target, "utf8"));
      yield Buffer.from("content");
      seen.push(await readFile(target, "utf8"));
    }
    await replaceFile({ target, temporary, data: data() });
    expect(seen).toEqual(["old", "old"]);
    expect(await readFile(target, "utf8")).toBe("new content");
  });

  it("leaves the target unchanged if the data fails, and passes the error on", async () => {
    await writeFile(target, "old");
    const failure = new Error("the source has gone");
    await expect(replaceFile({ target, temporary, data: streamOf(["par"], failure) })).rejects.toBe(failure);
    expect(await readFile(target, "utf8")).toBe("old");
    expect(await readdir(scratch.path)).toEqual(["target"]);
  });

  it("stops on abort, even during the last chunk, and closes the data", async () => {
    const abort = new AbortController();
    let ended = false;
    async function* data(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from("one");
        abort.abort(new Error("not wanted"));
        yield Buffer.from("two");
      } finally {
        ended = true;
      }
    }
    await expect(replaceFile({ target, temporary, data: data(), signal: abort.signal })).rejects.toThrow("not wanted");
    expect(ended).toBe(true);
    const late = replaceFile({ target, temporary, data: streamOf([]), signal: abort.signal });
    await expect(late).rejects.toThrow("not wanted");
    expect(await readdir(scratch.path)).toEqual([]);
  });

  it.each([false, true])("releases a chunk only after it is written (sparse: %s)", async (sparse) => {
    const sizes = [100, BLOCKING_MAX, 3 * BLOCKING_MAX, MIB, 5, BLOCKING_MAX, 7, MIB];
    const chunks = sizes.map((size, n) => new Uint8Array(pattern(size, n)));
    chunks[3]?.fill(0, 1000, 900_000);
    // Nothing but a hole, in the middle and at the end.
    for (const n of [5, 7]) chunks[n]?.fill(0);
    const expected = Buffer.concat(chunks);
    const released: number[] = [];
    const data = {
      [Symbol.asyncIterator]: () => streamOf(chunks),
      release: (chunk: Uint8Array) => {
        released.push(chunk.length);
        // The next content, as far as a write that still runs can tell. Later reads find no bytes, as after a real release.
        chunk.fill(0xdb);
        structuredClone(chunk.buffer, { transfer: [chunk.buffer as ArrayBuffer] });
      },
    };
    await replaceFile({ target, temporary, data, sparse });
    expect(Buffer.compare(await readFile(target), expected)).toBe(0);
    expect(released).toEqual(sizes);
  });

  it("requests a chunk only after the previous one is written", async () => {
    let asked = 0;
    async function* data(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 8; i++) {
        asked++;
        yield pattern(1000, i + 1);
        expect((await lstat(temporary)).size).toBe(asked * 1000);
      }
    }
    expect(await replaceFile({ target, temporary, data: data() })).toBe(8000);
  });

  it("never writes through an existing file or link with the temporary name", async () => {
    const victim = join(scratch.path, "victim");
    await writeFile(victim, "safe");
    await symlink(victim, temporary);
    const replaced = replaceFile({ target, temporary, data: streamOf(["evil"]) });
    await expect(replaced).rejects.toMatchObject({ code: "EEXIST", path: target });
    expect(await readFile(victim, "utf8")).toBe("safe");
  });

  it("names the target, not the temporary file", async () => {
    await mkdir(target);
    const onDirectory = replaceFile({ target, temporary, data: streamOf(["x"]) });
    await expect(onDirectory).rejects.toThrow(`'${target}'`);
    await expect(replaceFile({ target, temporary, data: streamOf(["x"]) })).rejects.not.toThrow("temporary");
    expect(await readdir(scratch.path)).toEqual(["target"]);
    const nowhere = join(scratch.path, "no", "target");
    const missing = replaceFile({ target: nowhere, temporary: join(scratch.path, "no", "tmp"), data: streamOf(["x"]) });
    await expect(missing).rejects.toThrow(`ENOENT: no such file or directory, open '${nowhere}'`);
  });

  describe("with holes", () => {
    const zeros = new Uint8Array(MIB);
    it.each<[string, Uint8Array[]]>([
      ["only zeros", [zeros]],
      ["zeros at the end", [pattern(100), zeros.subarray(0, 70_000)]],
      ["zeros at the beginning", [zeros.subarray(0, 70_001), pattern(100)]],
      ["zeros inside a chunk", [Buffer.concat([pattern(50_000), zeros.subarray(0, 200_000), pattern(50_000, 2)])]],
      ["zeros across chunks", [pattern(3), zeros.subarray(0, 32_767), zeros.subarray(0, 32_769), pattern(3)]],
      ["a single byte after a block of zeros", [zeros.subarray(0, 32_768), Buffer.from([1])]],
      ["a single byte at the end of a block", [Buffer.concat([zeros.subarray(0, 32_767), Buffer.from([1])])]],
      [
        "alternating blocks",
        Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? zeros.subarray(0, 65_536) : pattern(65_536))),
      ],
      ["a few zeros", [zeros.subarray(0, 5)]],
      ["a view into a larger buffer", [Buffer.concat([pattern(10), zeros, pattern(9)]).subarray(10, MIB + 15)]],
      ["no zeros", [pattern(MIB), pattern(1, 3)]],
    ])("keeps every byte: %s", async (_, chunks) => {
      const written = await replaceFile({ target, temporary, data: streamOf(chunks), sparse: true });
      const expected = Buffer.concat(chunks);
      expect(written).toBe(expected.length);
      expect((await readFile(target)).equals(expected)).toBe(true);
    });

    it("keeps the size of a long hole without writing it", async () => {
      const data = streamOf(Array.from({ length: 64 }, () => zeros));
      await replaceFile({ target, temporary, data, sparse: true });
      const { size, blocks } = await lstat(target);
      expect(size).toBe(64 * MIB);
      expect(blocks * 512).toBeLessThan(MIB);
    });
  });
});

describe("replaceSmallFile", () => {
  let scratch: Scratch;
  let target: string;
  let temporary: string;
  let steps: string[];
  const bytes = pattern(5000);
  beforeEach(async () => {
    scratch = await makeScratch();
    target = join(scratch.path, "target");
    temporary = join(scratch.path, "temporary");
    steps = [];
  });
  afterEach(() => {
    scratch.remove();
  });

  const note = (step: string) => (): void => {
    steps.push(`${step}: ${readFileSync(target, "latin1").length}`);
  };
  const replace = (written: (fd: number) => void = note("written")): void => {
    replaceSmallFile({ target, temporary, bytes, written, renamed: note("renamed") });
  };

  it("writes a new file for its owner only, and keeps the old one visible until it is complete", async () => {
    await writeFile(target, "old", { mode: 0o777 });
    replace();
    expect(steps).toEqual(["written: 3", "renamed: 5000"]);
    expect(await readFile(target)).toEqual(bytes);
    expect((await lstat(target)).mode & 0o7777).toBe(0o600);
    expect(await readdir(scratch.path)).toEqual(["target"]);
  });

  it("never writes through an existing file or link with the temporary name", async () => {
    const victim = join(scratch.path, "victim");
    await writeFile(victim, "safe");
    await symlink(victim, temporary);
    expect(replace).toThrow(`EEXIST: file already exists, open '${target}'`);
    expect(await readFile(victim, "utf8")).toBe("safe");
    expect(await readdir(scratch.path)).toEqual(["temporary", "victim"]);
  });

  it("names the target, not the temporary file, and removes that", async () => {
    await mkdir(target);
    const written = (): void => undefined;
    expect(() => {
      replace(written);
    }).toThrow(`rename '${target}' -> '${target}'`);
    expect(await readdir(scratch.path)).toEqual(["target"]);
  });

  it("closes the file and leaves the target unchanged if it cannot be completed", async () => {
    await writeFile(target, "old");
    let opened = -1;
    const failure = new Error("refused");
    expect(() => {
      replace((fd) => {
        opened = fd;
        throw failure;
      });
    }).toThrow(failure);
    expect(() => fstatSync(opened)).toThrow("EBADF");
    expect(await readFile(target, "utf8")).toBe("old");
    expect(await readdir(scratch.path)).toEqual(["target"]);
  });

  it("reports an error on close, and does not rename the file", async () => {
    await writeFile(target, "old");
    expect(() => {
      replace(closeSync);
    }).toThrow(`EBADF: bad file descriptor, close '${target}'`);
    expect(await readFile(target, "utf8")).toBe("old");
    expect(await readdir(scratch.path)).toEqual(["target"]);
  });

  it("is not for large content, nor while the file system is slow", () => {
    while (!policy.mayBlock());
    expect([mayReplaceAtOnce(BLOCKING_MAX), mayReplaceAtOnce(BLOCKING_MAX + 1)]).toEqual([true, false]);
    policy.blocked(1000);
    expect(mayReplaceAtOnce(1)).toBe(false);
    while (!policy.mayBlock());
    expect(mayReplaceAtOnce(1)).toBe(true);
  });
});
