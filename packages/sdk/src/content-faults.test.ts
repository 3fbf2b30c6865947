/** What an author's readers may yield: in an importer's files, and in a store's resources. */
import { describe, expect, it } from "@jest/globals";
import { StatusCode } from "@kloset/host";
import type { Generation } from "@kloset/host";
import { endFixturesAfterEach, generations, type RunningFixture } from "./testing/fixture.js";
import { macNamed, startOddImporter, startOddStorage } from "./testing/odd.js";
import { recordOf, scanUntil } from "./testing/read.js";

endFixturesAfterEach();

const MiB = 1024 * 1024;

/** A plugin whose contents are opened by name. */
interface Opener extends RunningFixture {
  readonly open: (name: string, signal?: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Names a content in errors. */
  readonly what: (name: string) => string;
  readonly close: () => Promise<void>;
}

const openers: Record<string, (generation: Generation) => Promise<Opener>> = {
  "an importer": async (generation) => {
    const running = await startOddImporter(generation);
    const { client } = running;
    const scan = new AbortController();
    await scanUntil(client.scan(scan.signal), "/end");
    return {
      ...running,
      open: (name, signal) => client.open(recordOf(`/${name}`), signal),
      what: (name) => `"/${name}"`,
      close: () => {
        // Close waits for it on v1.1.
        scan.abort();
        return client.close();
      },
    };
  },
  "a storage": async (generation) => {
    const running = await startOddStorage(generation);
    const { client } = running;
    return {
      ...running,
      open: (name, signal) => client.get("packfile", macNamed(name), undefined, signal),
      what: (name) => `packfile ${macNamed(name).hex}`,
      close: () => client.close(),
    };
  },
};

function fill(...parts: readonly (readonly [length: number, value: number])[]): Buffer {
  return Buffer.concat(parts.map(([length, value]) => Buffer.alloc(length, value)));
}

/** What is read of contents that are odd, but right. */
const right: Record<string, Buffer> = {
  "a buffer used again": fill(...[1, 2, 3, 4, 5].map((value) => [64 * 1024, value] as const)),
  "a large buffer used again": fill(...[1, 2, 3].map((value) => [3 * MiB + 1, value] as const)),
  "shared memory": fill([5, 7]),
  "a part of a resizable buffer": fill([8, 1], [3, 1], [64, 2]),
  "promises of chunks": Buffer.from("content"),
  "more after its end": Buffer.from("content"),
  "a last value": Buffer.from("content"),
  "empty chunks": Buffer.from("content"),
};

const bytesNeeded = "bytes (a Uint8Array) are needed";
const sourceNeeded = "bytes, or an iterable of bytes, is needed";
const resultNeeded = "an object with done and value is needed";
const iteratorNeeded = "an iterator, which has next(), is needed";

/** What the host is told of contents that are wrong, after what came before. */
const wrong: Record<string, (what: string) => string> = {
  "a transferred buffer": (what) => `the content of ${what} has lost its bytes: its buffer was transferred or resized`,
  "transferred bytes": (what) => `the content of ${what} has lost its bytes: its buffer was transferred or resized`,
  "a buffer that shrank": (what) => `the content of ${what} has lost its bytes: its buffer was transferred or resized`,
  "an ArrayBuffer": (what) => `the content of ${what} is a buffer of 5 bytes: ${sourceNeeded}`,
  "a DataView": (what) => `the content of ${what} yielded 5 bytes: ${bytesNeeded}`,
  "16-bit numbers": (what) => `the content of ${what} yielded 10 bytes: ${bytesNeeded}`,
  nothing: (what) => `the content of ${what} is undefined: ${sourceNeeded}`,
  null: (what) => `the content of ${what} yielded null: ${bytesNeeded}`,
  "a function": (what) => `the content of ${what} yielded [Function (anonymous)]: ${bytesNeeded}`,
  "an iterable without an iterator": () => `the iterable returned undefined: ${iteratorNeeded}`,
  "an iterator without next": () => `the iterable returned {}: ${iteratorNeeded}`,
  "next() returns nothing": () => `the iterator's next() returned undefined: ${resultNeeded}`,
  "next() returns bytes": () => `the iterator's next() returned a string of 7 characters: ${resultNeeded}`,
  "done is a promise": () => "the iterator's next() returned Promise { false } as done: true or false is needed",
  "done is a number": () => "the iterator's next() returned 1 as done: true or false is needed",
  "an endless recursion": () => "Maximum call stack size exceeded",
  "a stream that is destroyed": () => "Premature close",
};

/** Contents without end, which the host cancels; and those that it reads meanwhile. */
const endless = {
  "empty chunks for ever": "good",
  "empty chunks for ever, at once": "promises of chunks",
  "more after return()": "more after its end",
  "return() throws": "a last value",
  "return() never settles": "empty chunks",
};

async function read(content: AsyncIterable<Uint8Array>): Promise<{ bytes: Buffer; error: unknown }> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of content) chunks.push(chunk);
    return { bytes: Buffer.concat(chunks), error: undefined };
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error };
  }
}

describe.each(generations)("on %s", (generation) => {
  describe.each(Object.entries(openers))("%s", (_, start) => {
    it("sends what is odd, but right, byte by byte", async () => {
      const { open, close, stop } = await start(generation);
      for (const [name, expected] of Object.entries(right)) {
        const { bytes, error } = await read(open(name));
        expect({ name, error, right: bytes.equals(expected) }).toEqual({ name, error: undefined, right: true });
      }
      await close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    });

    it("sends 100 MB that were yielded at once, in chunks of 1 MiB", async () => {
      const { open } = await start(generation);
      let at = 0;
      for await (const chunk of open("100 MB at once")) {
        expect(chunk.length).toBe(MiB);
        const view = new DataView(chunk.slice().buffer);
        let differing = -1;
        for (let i = 0; i < MiB; i += 4) {
          if (view.getUint32(i, true) !== ((at + i) * 2_654_435_761 + 1) >>> 0) differing = at + i;
        }
        expect(differing).toBe(-1);
        at += chunk.length;
      }
      expect(at).toBe(100 * MiB);
    });

    it("tells what is wrong, and never makes a whole of a part", async () => {
      const { open, what, close, stop } = await start(generation);
      for (const [name, message] of Object.entries(wrong)) {
        const { error } = await read(open(name));
        expect({ name, error }).toMatchObject({
          name,
          error: { name: "PluginError", code: StatusCode.UNKNOWN, message: message(what(name)) },
        });
      }
      expect(String((await read(open("good"))).bytes)).toBe("content");
      await close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    });

    it("notices a buffer that is given away while it is sent", async () => {
      const { open, what, log } = await start(generation);
      const name = "a buffer transferred while it is sent";
      // The buffer is larger than all that can be under way while nobody reads.
      const chunks = open(name)[Symbol.asyncIterator]();
      await chunks.next();
      await log.says("transferred");
      const { error } = await read({ [Symbol.asyncIterator]: () => chunks });
      expect(error).toMatchObject({
        code: StatusCode.UNKNOWN,
        message: `the content of ${what(name)} had 0 of 33554432 bytes when it was sent: its buffer was transferred or resized`,
      });
    });

    it("serves others beside what never ends, and lets go of it when the host does", async () => {
      const { open, close, log, stop } = await start(generation);
      for (const [name, other] of Object.entries(endless)) {
        const controller = new AbortController();
        const reading = read(open(name, controller.signal));
        expect(String((await read(open(other))).bytes)).toBe("content");
        controller.abort(new Error("enough"));
        expect((await reading).error).toMatchObject({ message: "enough" });
        await log.says(`ended: ${name}\n`);
      }
      expect(log.text).not.toContain("asked after return()");
      await close();
      expect(await stop()).toEqual({ code: 0, signal: null });
      expect(log.lines("clos")).toEqual(["closing", "closed"]);
    });
  });
});
