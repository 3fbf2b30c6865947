import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { consume, inboxOf, inMemory, Upload } from "@kloset/adapter";
import { deferred, never, settled } from "@kloset/test-support";
import type { ByteSource, ByteStream } from "@kloset/model";
import { bytesOf, toReadable, toWeb } from "./byte-stream.js";
import { withIdleTimeout } from "./idle-timeout.js";
import { retrying } from "./retrying.js";
import { saveTo } from "./save-to.js";

const failure = new Error("received 5 of the 9 bytes");

/** Content as the adapters hand it to authors, and the number of chunks that were pulled from the host. */
function sent(chunks: readonly string[], end?: Error) {
  const state = { pulled: 0 };
  const source = (async function* () {
    for (const chunk of chunks) {
      state.pulled++;
      yield Promise.resolve(Buffer.from(chunk));
    }
    if (end !== undefined) throw end;
  })();
  return { upload: new Upload(inboxOf(source, new AbortController().signal), '"/a"', "storeFile"), state };
}

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("bytesOf", () => {
  it("returns all bytes up to the limit, in memory of its own", async () => {
    const chunk = Buffer.from("hello");
    const bytes = await consume(new Upload(inMemory([chunk]), '"/a"', "storeFile"), (data) =>
      bytesOf(data, { limit: 5 }),
    );
    chunk.fill("x");
    expect(Buffer.from(bytes).toString()).toBe("hello");
    expect(await bytesOf(sent([]).upload, { limit: 0 })).toHaveLength(0);
  });

  it("stops at the first chunk beyond the limit and names the limit", async () => {
    const { upload, state } = sent(["hello", "world", "never", "never"]);
    await expect(bytesOf(upload, { limit: 9 })).rejects.toThrow(
      new RangeError("bytesOf(): the content is larger than the limit of 9 bytes; raise it, or stream"),
    );
    expect(state.pulled).toBe(2);
  });

  it("fails with the error of incomplete content", async () => {
    await expect(bytesOf(sent(["hello"], failure).upload, { limit: 9 })).rejects.toBe(failure);
  });

  it.each([-1, 1.5, Number.NaN, Infinity, undefined as unknown as number])("refuses %p as limit", async (limit) => {
    await expect(bytesOf(sent([]).upload, { limit })).rejects.toThrow(
      `bytesOf(): expected an integer of at least 0 as limit, got ${String(limit)}`,
    );
  });
});

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Promise.resolve(chunk);
}

describe.each<[string, (data: ByteStream) => AsyncIterable<Uint8Array>]>([
  ["toReadable", toReadable],
  ["toWeb", (data) => toWeb(data)],
])("%s", (_, convert) => {
  it("passes on all bytes", async () => {
    const { upload } = sent(["hel", "lo"]);
    expect(await consume(upload, (data) => textOf(convert(data)))).toBe("hello");
  });

  it("fails with the error of incomplete content", async () => {
    await expect(textOf(convert(sent(["hello"], failure).upload))).rejects.toBe(failure);
  });

  it("fails the call if its reader stops early", async () => {
    const { upload } = sent(["he", "llo", "!"].map((text) => text.repeat(100_000)));
    const stopped = consume(upload, async (data) => {
      for await (const chunk of convert(data)) if (chunk.length > 0) break;
    });
    await expect(stopped).rejects.toThrow(/the plugin read \d+ of the 600000 bytes/);
  });

  it("reads no more from the host than its reader takes", async () => {
    const { upload, state } = sent(Array.from({ length: 50 }, () => "x".repeat(100_000)));
    const chunks = convert(upload)[Symbol.asyncIterator]();
    await chunks.next();
    await settled();
    expect(state.pulled).toBeLessThan(5);
    await chunks.return?.();
  });

  it("refuses content that has been read before", () => {
    const { upload } = sent([]);
    convert(upload);
    expect(() => convert(upload)).toThrow("can be read only once");
  });
});

describe("toReadable", () => {
  it("works in a pipeline, whose failure fails the call", async () => {
    const { upload } = sent(["hello", "world"]);
    const broken = new PassThrough();
    const used = consume(upload, (data) => pipeline(toReadable(data), broken));
    broken.destroy(new Error("disk full"));
    await expect(used).rejects.toThrow("disk full");
  });
});

describe("toWeb", () => {
  it("is accepted as a body by the web's APIs, and reads nothing before that", async () => {
    const { upload, state } = sent(["hel", "lo"]);
    const stream = toWeb(upload);
    await settled();
    expect(state.pulled).toBe(0);
    expect(await new Response(stream).text()).toBe("hello");
  });
});

describe("saveTo", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "kloset-save-to-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it.each([true, false])("stores the content with the mode and returns the number of bytes (sync %p)", async (sync) => {
    const path = join(folder, "file");
    expect(await consume(sent(["hel", "lo"]).upload, (data) => saveTo(data, path, { sync }))).toBe(5);
    expect(await readFile(path, "utf8")).toBe("hello");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await saveTo(sent([]).upload, path, { sync, mode: 0o400 });
    expect((await stat(path)).mode & 0o777).toBe(0o400);
    expect(await readFile(path, "utf8")).toBe("");
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it("keeps the old file until the new one is complete", async () => {
    const path = join(folder, "file");
    await writeFile(path, "old");
    const more = deferred();
    const halfway = deferred();
    const data = (async function* () {
      yield Buffer.from("ne");
      halfway.resolve();
      await more.promise;
      yield Buffer.from("w");
    })();
    const saved = saveTo(data, path);
    await halfway.promise;
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual([expect.stringMatching(/^\.kloset-[0-9a-f]{16}$/), "file"]);
    more.resolve();
    await saved;
    expect(await readFile(path, "utf8")).toBe("new");
  });

  it("leaves the old file and nothing else if the content is incomplete", async () => {
    const path = join(folder, "file");
    await writeFile(path, "old");
    await expect(saveTo(sent(["hello"], failure).upload, path)).rejects.toBe(failure);
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it("leaves nothing if it is aborted, or if the file cannot be renamed", async () => {
    const controller = new AbortController();
    const reason = new Error("the host has gone");
    const data = (async function* () {
      yield Promise.resolve(Buffer.from("a"));
      controller.abort(reason);
      yield Buffer.from("b");
    })();
    await expect(saveTo(data, join(folder, "file"), { signal: controller.signal })).rejects.toBe(reason);
    await expect(saveTo(sent(["a"]).upload, join(folder, "file"), { signal: controller.signal })).rejects.toBe(reason);
    await expect(saveTo(sent(["a"]).upload, folder)).rejects.toThrow(folder);
    expect(await readdir(folder)).toEqual([]);
  });

  it("names the directory if it is missing", async () => {
    await expect(saveTo(sent(["a"]).upload, join(folder, "none", "file"))).rejects.toThrow(/ENOENT.*none/);
  });

  it("accepts a name as long as the file system allows, and replaces a symbolic link", async () => {
    const path = join(folder, "n".repeat(255));
    const other = join(folder, "other");
    await writeFile(other, "untouched");
    await symlink(other, path);
    await saveTo(sent(["new"]).upload, path);
    expect(await readFile(path, "utf8")).toBe("new");
    expect(await readFile(other, "utf8")).toBe("untouched");
  });
});

describe("retrying", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Fires all timers until the result has settled. Loading the library takes time that no timer shows. */
  async function withTimers<T>(result: Promise<T>): Promise<T> {
    const state = { isPending: true };
    const done = (): void => {
      state.isPending = false;
    };
    result.then(done, done);
    while (state.isPending) await jest.advanceTimersByTimeAsync(60_000);
    expect(jest.getTimerCount()).toBe(0);
    return result;
  }

  it("repeats a function until it succeeds", async () => {
    const attempts: number[] = [];
    const result = retrying((attempt) => {
      attempts.push(attempt);
      if (attempt < 3) throw new Error("503");
      return "done";
    });
    expect(await withTimers(result)).toBe("done");
    expect(attempts).toEqual([1, 2, 3]);
  });

  it("gives up after the attempts, with the last error", async () => {
    const fn = jest.fn((attempt: number) => Promise.reject(new Error(`failure ${attempt}`)));
    await expect(withTimers(retrying(fn, { attempts: 3 }))).rejects.toThrow("failure 3");
    expect(fn).toHaveBeenCalledTimes(3);
    await expect(withTimers(retrying(fn, { attempts: 1 }))).rejects.toThrow("failure 1");
  });

  it("throws at once what `on` does not want to retry", async () => {
    const asked: unknown[] = [];
    const on = (error: Error, attempt: number): Promise<boolean> => {
      asked.push([error.message, attempt]);
      return Promise.resolve(error.message === "503");
    };
    const fn = jest.fn((attempt: number) => Promise.reject(new Error(attempt === 1 ? "503" : "404")));
    await expect(withTimers(retrying(fn, { on }))).rejects.toThrow("404");
    expect(asked).toEqual([
      ["503", 1],
      ["404", 2],
    ]);
  });

  it("does not retry a programming error, but a network error of fetch", async () => {
    const wrong = jest.fn(() => Promise.reject(new TypeError("x is not a function")));
    await expect(withTimers(retrying(wrong))).rejects.toThrow("x is not a function");
    expect(wrong).toHaveBeenCalledTimes(1);
    const offline = jest.fn(() => Promise.reject(new TypeError("fetch failed")));
    await expect(withTimers(retrying(offline, { attempts: 2 }))).rejects.toThrow("fetch failed");
    expect(offline).toHaveBeenCalledTimes(2);
  });

  it("ends the wait with the signal's reason, and leaves no timer", async () => {
    const controller = new AbortController();
    const failed = deferred();
    const result = retrying(() => Promise.reject(new Error("503")), {
      signal: controller.signal,
      on: () => {
        failed.resolve();
        return true;
      },
    });
    result.catch(() => undefined);
    await failed.promise;
    for (let i = 0; i < 20; i++) await Promise.resolve();
    controller.abort(new Error("the host has gone"));
    await expect(result).rejects.toThrow("the host has gone");
    expect(jest.getTimerCount()).toBe(0);
    const unused = jest.fn(() => 1);
    await expect(retrying(unused, { signal: controller.signal })).rejects.toThrow("the host has gone");
    expect(unused).not.toHaveBeenCalled();
  });

  it("closes a stream that it drops because of an abort", async () => {
    const controller = new AbortController();
    const stream = new Readable({ read: () => undefined });
    const opening = retrying(
      () => {
        controller.abort(new Error("the host has gone"));
        return stream;
      },
      { signal: controller.signal },
    );
    await expect(opening).rejects.toThrow("the host has gone");
    expect(stream.destroyed).toBe(true);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses %p attempts", async (attempts) => {
    await expect(retrying(() => 1, { attempts })).rejects.toThrow(
      `retrying(): expected an integer of at least 1 as attempts, got ${attempts}`,
    );
  });

  it.each([-1, Number.NaN, Infinity])("refuses %p ms between attempts", async (delayMs) => {
    await expect(retrying(() => 1, { delayMs })).rejects.toThrow(
      `retrying(): expected milliseconds, at least 0, as delayMs, got ${delayMs}`,
    );
  });
});

describe("withIdleTimeout", () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ["nextTick"] });
  });
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const tooLate = "the source sent nothing for 30 s, the limit of withIdleTimeout()";

  /** An iterator that yields one chunk and then stalls; `closed` counts calls of return(). */
  function stalling() {
    const state = { closed: 0 };
    let first = true;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          if (!first) return never();
          first = false;
          return Promise.resolve({ done: false, value: Buffer.from("a") });
        },
        return: () => {
          state.closed++;
          return never();
        },
      }),
    };
    return { source, state };
  }

  it.each<[string, () => ByteSource | Promise<ByteSource>]>([
    ["bytes", () => Buffer.from("hello")],
    ["an array", () => [Buffer.from("hel"), Buffer.from("lo")]],
    ["a Node stream", () => Readable.from([Buffer.from("hello")])],
    ["a web stream", () => new Blob(["hello"]).stream()],
    ["a promise", () => Promise.resolve(chunksOf([Buffer.from("hello")]))],
  ])("passes on %s", async (_, make) => {
    jest.useRealTimers();
    expect(await textOf(withIdleTimeout(make(), 60_000_000))).toBe("hello");
    jest.useFakeTimers();
  });

  it("fails if the source stalls, and closes it", async () => {
    const { source, state } = stalling();
    const chunks = withIdleTimeout(source, 30_000)[Symbol.asyncIterator]();
    await chunks.next();
    const stalled = chunks.next();
    stalled.catch(() => undefined);
    await jest.advanceTimersByTimeAsync(29_999);
    expect(state.closed).toBe(0);
    await jest.advanceTimersByTimeAsync(1);
    await expect(stalled).rejects.toThrow(new Error(tooLate));
    expect(state.closed).toBe(1);
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
  });

  it("does not count the time in which no chunk is wanted", async () => {
    const chunks = withIdleTimeout(chunksOf([Buffer.from("a"), Buffer.from("b")]), 30_000)[Symbol.asyncIterator]();
    await chunks.next();
    expect(jest.getTimerCount()).toBe(0);
    await jest.advanceTimersByTimeAsync(100_000);
    expect((await chunks.next()).value).toEqual(Buffer.from("b"));
    expect((await chunks.next()).done).toBe(true);
  });

  it("fails if the opening stalls, and closes a source that arrives later", async () => {
    const opened = deferred<ByteSource>();
    const chunks = withIdleTimeout(opened.promise, 30_000)[Symbol.asyncIterator]();
    const stalled = chunks.next();
    stalled.catch(() => undefined);
    await jest.advanceTimersByTimeAsync(30_000);
    await expect(stalled).rejects.toThrow(tooLate);
    const late = new Readable({ read: () => undefined });
    opened.resolve(late);
    await jest.advanceTimersByTimeAsync(0);
    expect(late.destroyed).toBe(true);
  });

  it("closes the source at once if the host no longer wants it", async () => {
    const { source, state } = stalling();
    const chunks = withIdleTimeout(source, 30_000)[Symbol.asyncIterator]();
    await chunks.next();
    const pending = chunks.next();
    await chunks.return?.();
    expect(state.closed).toBe(1);
    expect((await pending).done).toBe(true);
  });

  it("closes a source that was never read", async () => {
    const stream = new Readable({ read: () => undefined });
    await withIdleTimeout(stream, 30_000)[Symbol.asyncIterator]().return?.();
    await jest.advanceTimersByTimeAsync(0);
    expect(stream.destroyed).toBe(true);
  });

  it("fails with the error of the source or of its opening", async () => {
    await expect(textOf(withIdleTimeout(sent(["a"], failure).upload, 30_000))).rejects.toBe(failure);
    await expect(textOf(withIdleTimeout(Promise.reject(failure), 30_000))).rejects.toBe(failure);
  });

  it("refuses an invalid limit, and anything but bytes", async () => {
    expect(() => withIdleTimeout([], Number.NaN)).toThrow("withIdleTimeout(): ms must be milliseconds");
    await expect(textOf(withIdleTimeout("text" as unknown as ByteSource, 1))).rejects.toThrow(
      "withIdleTimeout(): expected bytes, or an iterable of bytes, got a string of 4 characters",
    );
  });
});
