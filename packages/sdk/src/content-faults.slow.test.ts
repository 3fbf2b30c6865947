/** Valid and invalid results of an author's readers, for files of importers and resources of stores. */
import { describe, expect, it } from "@jest/globals";
import { StatusCode } from "@kloset/host";
import type { Generation } from "@kloset/host";
import { endFixturesAfterEach, generations, type RunningFixture } from "./testing/fixture.js";
import { macNamed, startMisbehavingImporter, startMisbehavingStorage } from "./testing/misbehaving.js";
import { recordOf, scanUntil } from "./testing/read.js";

endFixturesAfterEach();

const MiB = 1024 * 1024;

/** A running plugin whose contents are opened by name. */
interface Opener extends RunningFixture {
  readonly open: (name: string, signal?: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Returns the name of a content in errors. */
  readonly nameInErrors: (name: string) => string;
  readonly close: () => Promise<void>;
}

const openers: Record<string, (generation: Generation) => Promise<Opener>> = {
  "an importer": async (generation) => {
    const running = await startMisbehavingImporter(generation);
    const { client } = running;
    const scan = new AbortController();
    await scanUntil(client.scan(scan.signal), "/end");
    return {
      ...running,
      open: (name, signal) => client.open(recordOf(`/${name}`), signal),
      nameInErrors: (name) => `"/${name}"`,
      close: () => {
        // On v1.1, Close waits for the scan.
        scan.abort();
        return client.close();
      },
    };
  },
  "a storage": async (generation) => {
    const running = await startMisbehavingStorage(generation);
    const { client } = running;
    return {
      ...running,
      open: (name, signal) => client.get("packfile", macNamed(name), undefined, signal),
      nameInErrors: (name) => `packfile ${macNamed(name).hex}`,
      close: () => client.close(),
    };
  },
};

function fill(...parts: readonly (readonly [length: number, value: number])[]): Buffer {
  return Buffer.concat(parts.map(([length, value]) => Buffer.alloc(length, value)));
}

/** Unusual but valid contents, and the bytes that the host must read. */
const valid: Record<string, Buffer> = {
  "a buffer used again": fill(...[1, 2, 3, 4, 5].map((value) => [64 * 1024, value] as const)),
  "a large buffer used again": fill(...[1, 2, 3].map((value) => [3 * MiB + 1, value] as const)),
  "shared memory": fill([5, 7]),
  "a part of a resizable buffer": fill([8, 1], [3, 1], [64, 2]),
  "promises of chunks": Buffer.from("content"),
  "more after its end": Buffer.from("content"),
  "a last value": Buffer.from("content"),
  "empty chunks": Buffer.from("content"),
  "a helper process": Buffer.from("content"),
  "an ArrayBuffer": Buffer.alloc(5),
  "a Response": Buffer.from("content"),
  "a Blob": Buffer.from("content"),
};

/** Invalid contents, and a part of the error that the host must get. */
const invalid: Record<string, (content: string) => string> = {
  "a transferred buffer": (content) => `${content} has lost its bytes`,
  "transferred bytes": (content) => `${content} has lost its bytes`,
  "a buffer that shrank": (content) => `${content} has lost its bytes`,
  "a helper process that fails": () => "sh: exited with code 3",
  "a Response that was read": (content) => `${content} is a Response whose body was already read`,
  "a DataView": (content) => `${content} yielded 5 bytes`,
  "16-bit numbers": (content) => `${content} yielded 10 bytes`,
  nothing: (content) => `${content} is undefined`,
  null: (content) => `${content} yielded null`,
  "a function": (content) => `${content} yielded [Function (anonymous)]`,
  "an iterable without an iterator": () => "the iterable returned undefined",
  "an iterator without next": () => "the iterable returned {}",
  "next() returns nothing": () => "next() returned undefined",
  "next() returns bytes": () => "next() returned a string of 7 characters",
  "done is a promise": () => "next() returned Promise { false } as done",
  "done is a number": () => "next() returned 1 as done",
  "an endless recursion": () => "Maximum call stack size exceeded",
  "a stream that is destroyed": () => "Premature close",
};

/** Endless contents, which the host cancels, and the contents that it reads meanwhile. */
const endless = {
  "empty chunks forever": "good",
  "empty chunks forever, at once": "promises of chunks",
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
    it("sends unusual but valid contents byte for byte", async () => {
      const { open, close, stop } = await start(generation);
      for (const [name, expected] of Object.entries(valid)) {
        const { bytes, error } = await read(open(name));
        expect({ name, error, isEqual: bytes.equals(expected) }).toEqual({ name, error: undefined, isEqual: true });
      }
      await close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    });

    it("sends a chunk of 100 MiB in chunks of 1 MiB", async () => {
      const { open } = await start(generation);
      let at = 0;
      for await (const chunk of open("100 MB at once")) {
        expect(chunk.length).toBe(MiB);
        const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
        let differing = -1;
        for (let i = 0; i < MiB; i += 4) {
          if (view.getUint32(i, true) !== ((at + i) * 2_654_435_761 + 1) >>> 0) differing = at + i;
        }
        expect(differing).toBe(-1);
        at += chunk.length;
      }
      expect(at).toBe(100 * MiB);
    });

    it("reports invalid contents and never presents a part as the whole", async () => {
      const { open, nameInErrors, close, stop } = await start(generation);
      for (const [name, message] of Object.entries(invalid)) {
        const { error } = await read(open(name));
        expect({ name, error }).toMatchObject({
          name,
          error: {
            name: "PluginError",
            code: StatusCode.UNKNOWN,
            message: expect.stringContaining(message(nameInErrors(name))) as unknown,
          },
        });
      }
      expect(String((await read(open("good"))).bytes)).toBe("content");
      await close();
      expect(await stop()).toEqual({ code: 0, signal: null });
    });

    it("detects a buffer that is transferred while it is being sent", async () => {
      const { open, nameInErrors, log } = await start(generation);
      const name = "a buffer transferred while it is sent";
      // The buffer is larger than all buffers on the path to a host that does not read.
      const chunks = open(name)[Symbol.asyncIterator]();
      await chunks.next();
      await log.waitFor("transferred");
      const { error } = await read({ [Symbol.asyncIterator]: () => chunks });
      expect(error).toMatchObject({
        code: StatusCode.UNKNOWN,
        message: expect.stringContaining(`${nameInErrors(name)} had 0 of 33554432 bytes`) as unknown,
      });
    });

    it("serves other calls during endless contents, and ends those when the host cancels", async () => {
      const { open, close, log, stop } = await start(generation);
      for (const [name, other] of Object.entries(endless)) {
        const controller = new AbortController();
        const reading = read(open(name, controller.signal));
        expect(String((await read(open(other))).bytes)).toBe("content");
        controller.abort(new Error("enough"));
        expect((await reading).error).toMatchObject({ message: "enough" });
        await log.waitFor(`ended: ${name}\n`);
      }
      expect(log.text).not.toContain("asked after return()");
      await close();
      expect(await stop()).toEqual({ code: 0, signal: null });
      expect(log.lines("clos")).toEqual(["closing", "closed"]);
    });
  });
});
