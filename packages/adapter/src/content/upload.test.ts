import { describe, expect, it } from "@jest/globals";
import type { ByteStream } from "@kloset/model";
import fc from "fast-check";
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
  return { source, state };
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
    const upload = new Upload(source, '"/a"', 5);
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
        const upload = new Upload(source, '"/a"', expected);
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
    const kept = consume(new Upload(source, '"/a"', expected), async (data) => {
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
    const kept = consume(new Upload(hostSends(hello, failure).source, '"/a"', 5), async (data) => {
      await readAll(data).catch(() => undefined);
      return "kept, as if";
    });
    await expect(kept).rejects.toBe(failure);
  });

  it("fails if the author reads nothing, and drains the host first", async () => {
    const { source, state } = hostSends(hello);
    const kept = consume(new Upload(source, '"/a"', 5), () => undefined);
    await expect(kept).rejects.toEqual(new Error('the plugin read 0 of the 5 bytes of "/a"'));
    expect(state.drained).toBe(true);
  });

  it("fails if the author stops in the middle", async () => {
    const { source, state } = hostSends(hello);
    const kept = consume(new Upload(source, '"/a"'), async (data) => {
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
    await consume(new Upload(source, '"/a"', 5), async (data) => {
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
    await consume(new Upload(source, '"/a"', 5), async (data) => {
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
    await consume(new Upload(source, '"/a"'), async (data) => {
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
    const outcome = consume(new Upload(hostSends(chunks, failure).source, '"/a"', 5), async (data) => {
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
    const kept = consume(new Upload(hostSends([...hello, Buffer.from("!")]).source, '"/a"', 5), async (data) => {
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
    const kept = consume(new Upload(source, '"/a"', 7), () => {
      throw failure;
    }).finally(() => drainedWhenTold.push(state.drained));
    await expect(kept).rejects.toBe(failure);
    expect(drainedWhenTold).toEqual([true]);
  });

  it("reports the author's error even if the source fails as well", async () => {
    const failure = new Error("no space left");
    const kept = consume(new Upload(hostSends(hello, new Error("gone")).source, '"/a"'), () => Promise.reject(failure));
    await expect(kept).rejects.toBe(failure);
  });

  it("rejects a second read", async () => {
    const kept = consume(new Upload(hostSends(hello).source, '"/a"', 5), async (data) => {
      await readAll(data);
      await readAll(data);
    });
    await expect(kept).rejects.toEqual(new Error('the content of "/a" can be read only once'));
  });

  it("ends for an author that continues after return()", async () => {
    const kept = consume(new Upload(hostSends(hello).source, '"/a"', 5), async (data) => {
      const iterator = data[Symbol.asyncIterator]();
      await iterator.next();
      await iterator.return?.();
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    });
    await expect(kept).rejects.toThrow("the plugin read 2 of the 5 bytes");
  });

  it("succeeds exactly when the announced bytes arrived and the author read them all", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 5 }),
        fc.option(fc.nat(12), { nil: undefined }),
        fc.nat(6),
        async (chunks, expected, steps) => {
          const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
          let taken = 0;
          const upload = new Upload(hostSends(chunks).source, "x", expected);
          const outcome = await consume(upload, async (data) => {
            const iterator = data[Symbol.asyncIterator]();
            for (let i = 0; i < steps; i++) {
              const result = await iterator.next().catch(() => undefined);
              if (result === undefined || result.done === true) break;
              taken += result.value.length;
            }
          }).then(
            () => true,
            () => false,
          );
          expect(outcome).toBe(taken === size && (expected === undefined || expected === size));
        },
      ),
    );
  });
});
