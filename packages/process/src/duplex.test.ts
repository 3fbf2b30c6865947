import { describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { joinDuplex } from "./duplex.js";

/** An output that blocks all writes until `release()`. */
class StuckOutput extends Writable {
  readonly taken: Buffer[] = [];
  #waiting: (() => void)[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#waiting.push(() => {
      this.taken.push(chunk);
      callback();
    });
  }

  release(): void {
    for (const take of this.#waiting.splice(0)) take();
  }
}

describe("joinDuplex", () => {
  it("passes bytes in both directions", async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    const duplex = joinDuplex(input, output);
    input.write("in");
    expect(String((await once(duplex, "data"))[0])).toBe("in");
    duplex.write("out");
    expect(String((await once(output, "data"))[0])).toBe("out");
    duplex.destroy();
    await once(duplex, "close");
  });

  it("pauses the input while the duplex is not read", async () => {
    const input = new PassThrough();
    const duplex = joinDuplex(input, new PassThrough());
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    for (; !input.writableNeedDrain && written < 100; written += 1) {
      input.write(chunk);
      await setImmediate();
      duplex.read(0);
    }
    expect(written).toBeLessThan(10);
    duplex.resume();
    await once(input, "drain");
    duplex.destroy();
  });

  it("calls back only when the output has accepted the write", async () => {
    const output = new StuckOutput();
    const duplex = joinDuplex(new PassThrough(), output);
    let done = false;
    duplex.write("x", () => (done = true));
    await setImmediate();
    expect(done).toBe(false);
    output.release();
    await setImmediate();
    expect(done).toBe(true);
    duplex.destroy();
  });

  it.each(["input", "output"])("is destroyed by an error of its %s", async (side) => {
    const input = new PassThrough();
    const output = new PassThrough();
    const duplex = joinDuplex(input, output);
    (side === "input" ? input : output).destroy(new Error("EIO"));
    await expect(once(duplex, "never")).rejects.toThrow("EIO");
    expect([input.destroyed, output.destroyed, duplex.destroyed]).toEqual([true, true, true]);
  });

  it("ends with its input and removes its listeners", async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    const before = [input, output].map((stream) => stream.eventNames().length);
    const duplex = joinDuplex(input, output);
    duplex.resume();
    input.end();
    await once(duplex, "close");
    if (!output.closed) await once(output, "close");
    await setImmediate();
    expect([input, output].map((stream) => stream.eventNames().length)).toEqual(before);
  });

  it("detects the end of the input behind unread bytes", async () => {
    const input = new PassThrough({ highWaterMark: 1024 * 1024 });
    const duplex = joinDuplex(input, new PassThrough());
    duplex.pause();
    input.end(Buffer.alloc(64 * 1024));
    duplex.read(0);
    await once(duplex, "close");
  });

  it("flushes written bytes after the end", async () => {
    const input = new PassThrough();
    const output = new StuckOutput();
    const duplex = joinDuplex(input, output, { flushMs: 60_000 });
    duplex.resume();
    duplex.write("last words");
    await setImmediate();
    input.end();
    await once(input, "end");
    output.release();
    await once(duplex, "close");
    expect(String(Buffer.concat(output.taken))).toBe("last words");
  });

  it("stops waiting for a flush after flushMs", async () => {
    const input = new PassThrough();
    const duplex = joinDuplex(input, new StuckOutput(), { flushMs: 20 });
    duplex.resume();
    duplex.write("last words");
    await setImmediate();
    input.end();
    await once(duplex, "close");
  });
});
