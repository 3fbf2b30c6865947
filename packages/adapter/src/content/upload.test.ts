import { describe, expect, it } from "@jest/globals";
import type { ByteStream } from "@kloset/model";
import fc from "fast-check";
import { deferred } from "@kloset/test-support";
import { inboxOf } from "../calls/requests.js";
import { inMemory } from "./in-memory.js";
import { consume, Upload } from "./upload.js";

// A fixed seed, so that every run has the same cases.
fc.configureGlobal({ seed: 20260401 });

/** The chunks that a host sends, and a state that shows if all of them were read. */
function hostSends(chunks: readonly Uint8Array[], failure?: Error) {
  const state = { drained: false };
  const source = (async function* () {
    for (const chunk of chunks) yield Promise.resolve(chunk);
    state.drained = true;
    if (failure !== undefined) throw failure;
  })();
  return { source: arriving(source), state };
}

function arriving(source: AsyncIterable<Uint8Array>) {
  return inboxOf(source, new AbortController().signal);
}

function uploadOf(chunks: readonly Uint8Array[], expected?: number, failure?: Error): Upload {
  return new Upload(hostSends(chunks, failure).source, '"/a"', "storeFile", expected);
}

const hello = [Buffer.from("he"), new Uint8Array(0), Buffer.from("llo")];

async function readAll(data: ByteStream): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of data) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe("consume", () => {
  it("passes all bytes to the author without empty chunks, and returns the author's result", async () => {
    const { source, state } = hostSends(hello);
    const upload = new Upload(source, '"/a"', "storeFile", 5);
    const sizes: number[] = [];
    const result = await consume(upload, async (data) => {
      for await (const chunk of data) sizes.push(chunk.length);
      return "kept";
    });
    expect(result).toBe("kept");
    expect(sizes).toEqual([2, 3]);
    expect(upload.received).toBe(5);
    expect(state.drained).toBe(true);
  });

  it("accepts empty content from an author that reads nothing", async () => {
    for (const chunks of [[], [new Uint8Array(0)]]) {
      for (const expected of [0, undefined]) {
        const { source, state } = hostSends(chunks);
        const upload = new Upload(source, '"/a"', "storeFile", expected);
        expect(await consume(upload, () => "kept")).toBe("kept");
        expect({ received: upload.received, drained: state.drained }).toEqual({ received: 0, drained: true });
      }
    }
  });

  it.each([
    [4, 'received more than the 4 bytes of "/a": its source failed'],
    [6, 'received 5 of the 6 bytes of "/a": its source failed'],
    [0, 'received more than the 0 bytes of "/a": its source failed'],
  ])("throws into the author's iteration when %d bytes were announced and 5 arrive", async (expected, message) => {
    const { source, state } = hostSends(hello);
    let thrown: unknown;
    const kept = consume(new Upload(source, '"/a"', "storeFile", expected), async (data) => {
      try {
        await readAll(data);
      } catch (error) {
        thrown = error;
        throw error;
      }
    });
    await expect(kept).rejects.toEqual(new Error(message));
    expect(thrown).toEqual(new Error(message));
    expect(state.drained).toBe(true);
  });

  it("fails even if the author ignores the failure of the source", async () => {
    const failure = new Error("the host has gone");
    const kept = consume(uploadOf(hello, 5, failure), async (data) => {
      await readAll(data).catch(() => undefined);
      return "kept, as if";
    });
    await expect(kept).rejects.toBe(failure);
  });

  it("fails if the author reads nothing, and drains the host first", async () => {
    const { source, state } = hostSends(hello);
    const kept = consume(new Upload(source, '"/a"', "storeFile", 5), () => undefined);
    await expect(kept).rejects.toEqual(new Error('the plugin read 0 of the 5 bytes of "/a"'));
    expect(state.drained).toBe(true);
  });

  it("fails if the author stops in the middle", async () => {
    const { source, state } = hostSends(hello);
    const kept = consume(new Upload(source, '"/a"', "storeFile"), async (data) => {
      for await (const chunk of data) {
        expect(chunk).toHaveLength(2);
        break;
      }
    });
    await expect(kept).rejects.toEqual(new Error('the plugin read 2 of the 5 bytes of "/a"'));
    expect(state.drained).toBe(true);
  });

  it("accepts an author that reads exactly the announced size and not the end", async () => {
    const { source, state } = hostSends(hello);
    await consume(new Upload(source, '"/a"', "storeFile", 5), async (data) => {
      let left = 5;
      for await (const chunk of data) {
        left -= chunk.length;
        if (left === 0) break;
      }
    });
    expect(state.drained).toBe(true);
  });

  it("holds back the chunk that completes the size until the content has ended", async () => {
    const steps: string[] = [];
    const source = (async function* () {
      for (const chunk of [...hello, new Uint8Array(0)]) {
        steps.push(`sends ${chunk.length}`);
        yield Promise.resolve(chunk);
      }
      steps.push("half-closes");
    })();
    await consume(new Upload(arriving(source), '"/a"', "storeFile", 5), async (data) => {
      for await (const chunk of data) steps.push(`gets ${chunk.length}`);
    });
    expect(steps).toEqual(["sends 2", "gets 2", "sends 0", "sends 3", "sends 0", "half-closes", "gets 3"]);
  });

  it("holds back nothing if no size was announced", async () => {
    const steps: string[] = [];
    const source = (async function* () {
      yield Promise.resolve(Buffer.from("hello"));
      steps.push("half-closes");
    })();
    await consume(new Upload(arriving(source), '"/a"', "storeFile"), async (data) => {
      for await (const chunk of data) steps.push(`gets ${chunk.length}`);
    });
    expect(steps).toEqual(["gets 5", "half-closes"]);
  });

  it.each([
    [
      "a surplus byte",
      [...hello, Buffer.from("!")],
      undefined,
      'received more than the 5 bytes of "/a": its source failed',
    ],
    ["a failure", hello, new Error("the host has gone"), "the host has gone"],
  ])("throws into an author that stops at the announced size when %s follows", async (_, chunks, failure, message) => {
    let kept = false;
    const outcome = consume(uploadOf(chunks, 5, failure), async (data) => {
      let left = 5;
      for await (const chunk of data) {
        left -= chunk.length;
        if (left === 0) break;
      }
      kept = true;
    });
    await expect(outcome).rejects.toEqual(new Error(message));
    expect(kept).toBe(false);
  });

  it("detects surplus bytes after the author has read the announced size", async () => {
    const kept = consume(uploadOf([...hello, Buffer.from("!")], 5), async (data) => {
      let left = 5;
      for await (const chunk of data) {
        left -= chunk.length;
        if (left === 0) break;
      }
    });
    await expect(kept).rejects.toEqual(new Error('received more than the 5 bytes of "/a": its source failed'));
  });

  it("reports the author's error rather than its consequences, and drains the host first", async () => {
    const { source, state } = hostSends(hello);
    const failure = new Error("no space left");
    const drainedWhenTold: boolean[] = [];
    const kept = consume(new Upload(source, '"/a"', "storeFile", 7), () => {
      throw failure;
    }).finally(() => drainedWhenTold.push(state.drained));
    await expect(kept).rejects.toBe(failure);
    expect(drainedWhenTold).toEqual([true]);
  });

  it("reports the author's error even if the source fails as well", async () => {
    const failure = new Error("no space left");
    const kept = consume(uploadOf(hello, undefined, new Error("gone")), () => Promise.reject(failure));
    await expect(kept).rejects.toBe(failure);
  });

  it("rejects a second read", async () => {
    const kept = consume(uploadOf(hello, 5), async (data) => {
      await readAll(data);
      await readAll(data);
    });
    await expect(kept).rejects.toEqual(new Error('the content of "/a" can be read only once'));
  });

  it("ends for an author that continues after return()", async () => {
    const kept = consume(uploadOf(hello, 5), async (data) => {
      const iterator = data[Symbol.asyncIterator]();
      await iterator.next();
      await iterator.return?.();
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    });
    await expect(kept).rejects.toThrow("the plugin read 2 of the 5 bytes");
  });

  it("answers several next() at once in order", async () => {
    await consume(uploadOf(hello, 5), async (data) => {
      const iterator = data[Symbol.asyncIterator]();
      const steps = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()]);
      expect(steps.map((step) => (step.done === true ? undefined : step.value.length))).toEqual([
        2,
        3,
        undefined,
        undefined,
      ]);
    });
  });

  describe("when the author's function does not wait for its reading", () => {
    const tooEarly = new Error('storeFile() returned before it had read its data: is an "await" or "return" missing?');
    const tooLate = new Error(
      'the content of "/a" was read after storeFile() had ended: is an "await" or "return" missing?',
    );
    const small = [Buffer.from("hello")];
    const sources: readonly (readonly [string, () => Upload])[] = [
      ["in memory", () => new Upload(inMemory(small), '"/a"', "storeFile")],
      ["in memory, of an announced size", () => new Upload(inMemory(small), '"/a"', "storeFile", 5)],
      ["in memory, in several chunks", () => new Upload(inMemory(hello), '"/a"', "storeFile")],
      ["in memory, and empty", () => new Upload(inMemory([]), '"/a"', "storeFile")],
      ["sent by the host", () => uploadOf(small)],
      ["sent by the host, of an announced size", () => uploadOf(hello, 5)],
    ];
    /** Starts to read, and returns at once, or after some reactions of promises. */
    const authors: readonly (readonly [string, (start: () => void) => unknown])[] = [
      [
        "returns nothing",
        (start) => {
          start();
        },
      ],
      [
        "is async",
        async (start) => {
          start();
        },
      ],
      [
        "awaits something else that is already there",
        async (start) => {
          start();
          for (let i = 0; i < 20; i++) await Promise.resolve();
        },
      ],
    ];

    it.each(
      sources.flatMap(([source, upload]) => authors.map(([name, author]) => [source, name, upload, author] as const)),
    )("fails content that is %s, for a function that %s", async (_source, _name, upload, author) => {
      let reading: Promise<string> | undefined;
      const kept = consume(upload(), (data) => author(() => void (reading = readAll(data))));
      await expect(kept).rejects.toEqual(tooEarly);
      await expect(reading).rejects.toEqual(tooLate);
    });

    it("fails a function that returns while it stores the last chunk", async () => {
      const store = deferred();
      const storing = deferred();
      let read: Promise<void> | undefined;
      const kept = consume(uploadOf(small), async (data) => {
        read = (async () => {
          for await (const chunk of data) {
            storing.resolve();
            await store.promise;
            expect(chunk).toHaveLength(5);
          }
        })();
        await storing.promise;
      });
      await expect(kept).rejects.toEqual(tooEarly);
      store.resolve();
      await expect(read).rejects.toEqual(tooLate);
    });

    it("fails a function that asks for the last chunk, and returns without asking for the end", async () => {
      const kept = consume(uploadOf(small, 5), async (data) => {
        expect((await data[Symbol.asyncIterator]().next()).value).toHaveLength(5);
      });
      await expect(kept).rejects.toEqual(tooEarly);
    });

    it("accepts a function that has read every chunk, and asks for the end without waiting for it", async () => {
      await consume(uploadOf(small), async (data) => {
        const iterator = data[Symbol.asyncIterator]();
        await iterator.next();
        void iterator.next();
      });
    });

    it("reports the function's own error, and ends its other readings", async () => {
      let reading: Promise<string> | undefined;
      const kept = consume(uploadOf(hello, 5), (data) => {
        reading = readAll(data);
        throw new Error("no space left");
      });
      await expect(kept).rejects.toThrow("no space left");
      await expect(reading).rejects.toEqual(tooLate);
    });

    it("ends for a function that had read everything", async () => {
      let iterator: AsyncIterator<Uint8Array> | undefined;
      await consume(uploadOf(small), async (data) => {
        iterator = data[Symbol.asyncIterator]();
        while ((await iterator.next()).done !== true);
      });
      expect(await iterator?.next()).toEqual({ done: true, value: undefined });
    });
  });

  it("succeeds exactly when the announced bytes arrived and the author read them to the end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 5 }),
        fc.option(fc.nat(12), { nil: undefined }),
        fc.nat(6),
        async (chunks, expected, steps) => {
          const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
          let taken = 0;
          let ended = steps === 0;
          const upload = uploadOf(chunks, expected);
          const outcome = await consume(upload, async (data) => {
            const iterator = data[Symbol.asyncIterator]();
            for (let i = 0; i < steps; i++) {
              const result = await iterator.next().catch(() => undefined);
              ended = result?.done === true;
              if (result === undefined || result.done === true) break;
              taken += result.value.length;
            }
          }).then(
            () => true,
            () => false,
          );
          expect(outcome).toBe(ended && taken === size && (expected === undefined || expected === size));
        },
      ),
    );
  });
});
