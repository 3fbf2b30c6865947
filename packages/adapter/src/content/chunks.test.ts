import { getEventListeners } from "node:events";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import type { ByteSource } from "@kloset/model";
import fc from "fast-check";
import { chunksOf, sliceOf } from "./chunks.js";
import { MAX_CHUNK_BYTES } from "../limits.js";
import { deferred, never } from "@kloset/test-support";

// A fixed seed, so that every run has the same cases.
fc.configureGlobal({ seed: 20260401 });

const idle = new AbortController().signal;

async function collect(source: unknown, signal = idle): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(source as ByteSource, '"/a"', signal)) chunks.push(chunk);
  return chunks;
}

function bytesOf(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

async function* asynchronously<T>(values: Iterable<T>): AsyncGenerator<T> {
  for (const value of values) yield Promise.resolve(value);
}

describe("chunksOf", () => {
  it("preserves all bytes, in non-empty chunks of at most 1 MiB", async () => {
    const size = fc.oneof(
      fc.constant(0),
      fc.integer({ min: 1, max: 300 }),
      fc.constantFrom(MAX_CHUNK_BYTES - 1, MAX_CHUNK_BYTES, MAX_CHUNK_BYTES + 1, 2 * MAX_CHUNK_BYTES + 7),
    );
    const kinds = fc.constantFrom("array", "async", "readable", "web", "whole");
    await fc.assert(
      fc.asyncProperty(fc.array(size, { maxLength: 5 }), kinds, async (sizes, kind) => {
        const parts = sizes.map((length, i) => new Uint8Array(length).fill(i + 1));
        const sources: Record<typeof kind, () => ByteSource> = {
          array: () => parts,
          async: () => asynchronously(parts),
          readable: () => Readable.from(parts, { objectMode: false }),
          web: () => ReadableStream.from(parts),
          whole: () => bytesOf(parts),
        };
        const chunks = await collect(sources[kind]());
        expect(Buffer.compare(bytesOf(chunks), bytesOf(parts))).toBe(0);
        for (const chunk of chunks) {
          expect(chunk.length).toBeGreaterThan(0);
          expect(chunk.length).toBeLessThanOrEqual(MAX_CHUNK_BYTES);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("rejects bytes whose buffer was transferred, instead of treating them as empty", async () => {
    const bytes = new Uint8Array(5);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    await expect(collect(bytes)).rejects.toThrow('the content of "/a" has lost its bytes');
    await expect(collect([Buffer.from("x"), bytes])).rejects.toThrow('the content of "/a" has lost its bytes');
  });

  it.each([1, 2 * MAX_CHUNK_BYTES])(
    "notices that a buffer of %i bytes is transferred while it is sent",
    async (length) => {
      const bytes = new Uint8Array(length);
      const chunks = chunksOf(bytes, '"/a"', idle);
      await chunks.next();
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      await expect(chunks.next()).rejects.toThrow(`the content of "/a" had 0 of ${length} bytes when it was sent`);
    },
  );

  it("splits a large chunk without copying it", async () => {
    const whole = new Uint8Array(2 * MAX_CHUNK_BYTES + 1);
    const chunks = await collect(whole);
    expect(chunks.map(({ length }) => length)).toEqual([MAX_CHUNK_BYTES, MAX_CHUNK_BYTES, 1]);
    expect(chunks.every(({ buffer }) => buffer === whole.buffer)).toBe(true);
  });

  it("accepts a promise of a source", async () => {
    expect(bytesOf(await collect(Promise.resolve(Uint8Array.of(1, 2))))).toEqual(Uint8Array.of(1, 2));
  });

  it("awaits yielded promises, as for await does", async () => {
    expect(bytesOf(await collect([Promise.resolve(Uint8Array.of(1))]))).toEqual(Uint8Array.of(1));
    await expect(collect([Promise.reject(new Error("mine"))])).rejects.toThrow("mine");
  });

  it.each([
    ["a string", "text", 'the content of "/a" is a string of 4 characters: bytes, or an iterable of bytes, is needed'],
    ["nothing", undefined, 'the content of "/a" is undefined: bytes, or an iterable of bytes, is needed'],
    ["null", null, 'the content of "/a" is null: bytes, or an iterable of bytes, is needed'],
    ["a number", 5, 'the content of "/a" is 5: bytes, or an iterable of bytes, is needed'],
    ["a plain object", {}, 'the content of "/a" is {}: bytes, or an iterable of bytes, is needed'],
    ["strings", ["text"], 'the content of "/a" yielded a string of 4 characters: bytes (a Uint8Array) are needed'],
    ["numbers", [1], 'the content of "/a" yielded 1: bytes (a Uint8Array) are needed'],
    ["wide integers", Uint16Array.of(1), 'the content of "/a" yielded 1: bytes (a Uint8Array) are needed'],
    [
      "text streams",
      Readable.from(["text"]),
      'the content of "/a" yielded a string of 4 characters: bytes (a Uint8Array) are needed',
    ],
  ])("rejects %s with a descriptive error", async (_name, source, message) => {
    await expect(collect(source)).rejects.toEqual(new TypeError(message));
  });

  it("throws what a source throws, after the chunks before it", async () => {
    const failure = new Error("disk on fire");
    const chunks = chunksOf(
      (function* () {
        yield Uint8Array.of(1);
        throw failure;
      })(),
      "x",
      idle,
    );
    expect(await chunks.next()).toEqual({ done: false, value: Uint8Array.of(1) });
    await expect(chunks.next()).rejects.toBe(failure);
  });

  it("throws the error of a stream that cannot be opened", async () => {
    await expect(collect(createReadStream("/nowhere/at/all"))).rejects.toThrow("ENOENT");
  });

  it("requests one chunk at a time", async () => {
    let asked = 0;
    const chunks = chunksOf(
      (function* () {
        for (;;) {
          asked++;
          yield Uint8Array.of(1);
        }
      })(),
      "x",
      idle,
    );
    await chunks.next();
    await chunks.next();
    expect(asked).toBe(2);
    await chunks.return();
  });

  describe("closes the source", () => {
    it("when the reader stops early", async () => {
      let closed = 0;
      const source = (async function* () {
        try {
          for (;;) yield Promise.resolve(Uint8Array.of(1));
        } finally {
          closed++;
        }
      })();
      for await (const chunk of chunksOf(source, "x", idle)) {
        expect(chunk).toHaveLength(1);
        break;
      }
      expect(closed).toBe(1);
    });

    it("when a chunk is invalid", async () => {
      let closed = 0;
      const source = (function* () {
        try {
          yield "text";
        } finally {
          closed++;
        }
      })();
      await expect(collect(source)).rejects.toThrow(TypeError);
      expect(closed).toBe(1);
    });

    it("on abort, even if no further chunk is requested", async () => {
      const controller = new AbortController();
      let closed = 0;
      const source = (function* () {
        try {
          for (;;) yield Uint8Array.of(1);
        } finally {
          closed++;
        }
      })();
      const chunks = chunksOf(source, "x", controller.signal);
      await chunks.next();
      controller.abort(new Error("gone"));
      expect(closed).toBe(1);
      await expect(chunks.next()).rejects.toThrow("gone");
      expect(closed).toBe(1);
    });

    it.each([
      ["while it waits for bytes", true],
      ["before the first bytes are requested", false],
    ])("a Node stream, %s", async (_name, begun) => {
      const controller = new AbortController();
      const stream = new Readable({ read: () => undefined });
      const destroyed = new Promise((resolve) => stream.once("close", resolve));
      if (!begun) controller.abort(new Error("gone"));
      const first = chunksOf(stream, "x", controller.signal).next();
      if (begun) controller.abort(new Error("gone"));
      await expect(first).rejects.toThrow("gone");
      await destroyed;
    });

    it("a web stream, while it waits for bytes", async () => {
      const controller = new AbortController();
      const cancelled = deferred<unknown>();
      const stream = new ReadableStream<Uint8Array>({ pull: () => never(), cancel: cancelled.resolve });
      const first = chunksOf(stream, "x", controller.signal).next();
      controller.abort(new Error("gone"));
      await expect(first).rejects.toThrow("gone");
      await cancelled.promise;
    });

    it("if it arrives after the abort", async () => {
      const controller = new AbortController();
      const late = deferred<ByteSource>();
      const chunks = chunksOf(late.promise, "x", controller.signal);
      const first = chunks.next();
      controller.abort(new Error("gone"));
      await expect(first).rejects.toThrow("gone");
      // The stream fails to open: without a listener, that would end the process.
      const stream = createReadStream("/nowhere/at/all");
      const closed = new Promise<void>((resolve) =>
        stream.once("close", () => {
          resolve();
        }),
      );
      late.resolve(stream);
      await closed;
      expect(stream.destroyed).toBe(true);
    });
  });

  it("ends on abort even if the source never yields, and leaves no listener", async () => {
    const controller = new AbortController();
    const chunks = chunksOf(
      { [Symbol.asyncIterator]: () => ({ next: never<IteratorResult<Uint8Array>> }) },
      "x",
      controller.signal,
    );
    const first = chunks.next();
    controller.abort(new Error("gone"));
    await expect(first).rejects.toThrow("gone");
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
  });
});

describe("sliceOf", () => {
  it("yields the same bytes as subarray, for any chunk boundaries", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 6 }),
        fc.nat(40),
        fc.nat(40),
        async (parts, offset, length) => {
          const slice: Uint8Array[] = [];
          for await (const chunk of sliceOf(asynchronously(parts), offset, length)) slice.push(chunk);
          expect(bytesOf(slice)).toEqual(bytesOf(parts).slice(offset, offset + length));
          expect(slice.every((chunk) => chunk.length > 0)).toBe(true);
        },
      ),
    );
  });

  it("reads no further than necessary, and closes the source", async () => {
    let read = 0;
    let closed = false;
    const source = (async function* () {
      try {
        for (;;) {
          read++;
          yield Promise.resolve(Uint8Array.of(1, 2));
        }
      } finally {
        closed = true;
      }
    })();
    const slice: Uint8Array[] = [];
    for await (const chunk of sliceOf(source, 1, 3)) slice.push(chunk);
    expect(bytesOf(slice)).toEqual(Uint8Array.of(2, 1, 2));
    expect(read).toBe(2);
    expect(closed).toBe(true);
  });
});
