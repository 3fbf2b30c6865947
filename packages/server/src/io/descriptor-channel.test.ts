import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { descriptorChannel, type DescriptorChannel } from "./descriptor-channel.js";

const KiB = 1024;

let folder: string;
/** The ends that the test must close. */
let open: Set<number>;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "kloset-descriptor-channel-"));
  open = new Set();
});

afterEach(() => {
  for (const fd of open) fs.closeSync(fd);
  fs.rmSync(folder, { recursive: true });
});

/** Creates a pipe as the guard opens it, with the host's end. */
function pipe(name: string): { reader: number; writer: number } {
  const file = path.join(folder, name);
  execFileSync("mkfifo", [file]);
  const { O_RDONLY, O_WRONLY, O_NONBLOCK } = fs.constants;
  const reader = fs.openSync(file, O_RDONLY | O_NONBLOCK);
  const writer = fs.openSync(file, O_WRONLY | O_NONBLOCK);
  return { reader, writer };
}

function close(fd: number): void {
  fs.closeSync(fd);
  open.delete(fd);
}

/** Returns whether a promise is still pending after a turn of the event loop. */
async function isPending(promise: Promise<void>): Promise<boolean> {
  return Promise.race([promise.then(() => false), new Promise<boolean>((resolve) => setImmediate(resolve, true))]);
}

/** Reads all that is there. */
function drain(fd: number, buffer: Buffer): void {
  try {
    while (fs.readSync(fd, buffer) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
  }
}

interface Ends {
  readonly channel: DescriptorChannel;
  readonly plugin: { readonly input: number; readonly output: number };
  /** The host's end for writing. */
  readonly toPlugin: number;
  /** The host's end for reading. */
  readonly fromPlugin: number;
  /** Reads the bytes that are available to the host. */
  readonly read: () => string;
}

function connect(): Ends {
  const { reader: input, writer: toPlugin } = pipe("input");
  const { reader: fromPlugin, writer: output } = pipe("output");
  open = new Set([toPlugin, fromPlugin]);
  const read = (): string => {
    const buffer = Buffer.alloc(1024);
    return buffer.toString("latin1", 0, fs.readSync(fromPlugin, buffer));
  };
  return { channel: descriptorChannel({ input, output }, 0), plugin: { input, output }, toPlugin, fromPlugin, read };
}

/** Starts a channel, records its events, and returns a function that waits for a condition. */
function start(channel: DescriptorChannel, onBytes: (text: string) => void = () => undefined) {
  const recorded = { bytes: "", closed: false, error: undefined as Error | undefined };
  let wake: () => void = () => undefined;
  channel.start({
    onBytes: (bytes) => {
      const received = Buffer.from(bytes).toString("latin1");
      recorded.bytes += received;
      onBytes(received);
      wake();
    },
    onClose: (error) => {
      recorded.closed = true;
      recorded.error = error;
      wake();
    },
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { recorded, until };
}

describe("a channel on two pipes", () => {
  it("writes at once, before it is started", async () => {
    const { channel, read } = connect();
    let written = false;
    channel.write(Buffer.from("greeting"), () => (written = true));
    expect(read()).toBe("greeting");
    expect(written).toBe(false);
    await Promise.resolve();
    expect(written).toBe(true);
    await channel.release();
  });

  it("passes on bytes from before its start, from a turn later, and from then on", async () => {
    const { channel, toPlugin } = connect();
    fs.writeSync(toPlugin, "one ");
    const { recorded, until } = start(channel, (received) => {
      if (received === "one ") process.nextTick(() => fs.writeSync(toPlugin, "two "));
      if (received === "two ") setImmediate(() => setImmediate(() => fs.writeSync(toPlugin, "three")));
    });
    expect(recorded.bytes).toBe("one ");
    await until(() => recorded.bytes === "one two three");
    close(toPlugin);
    await until(() => recorded.closed);
    expect(recorded.error).toBeUndefined();
    await channel.release();
  });

  it("reads nothing while paused, even in the turns before it has sockets", async () => {
    const { channel, toPlugin } = connect();
    fs.writeSync(toPlugin, "one ");
    const { recorded, until } = start(channel, (received) => {
      if (received !== "one ") return;
      channel.pause();
      process.nextTick(() => fs.writeSync(toPlugin, "two"));
    });
    for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate);
    expect(recorded.bytes).toBe("one ");
    channel.resume();
    await until(() => recorded.bytes === "one two");
    await channel.release();
  });

  it("passes on the last bytes and ends when the host has gone before the start", async () => {
    const { channel, toPlugin } = connect();
    fs.writeSync(toPlugin, "last words");
    close(toPlugin);
    const { recorded, until } = start(channel);
    await until(() => recorded.closed);
    expect(recorded).toEqual({ bytes: "last words", closed: true, error: undefined });
    await channel.release();
  });

  it("enlarges the output once it has carried much, and then wants larger writes", async () => {
    const { channel, fromPlugin } = connect();
    const before = channel.contentBytes;
    let written = 0;
    const buffer = Buffer.alloc(KiB * KiB);
    while (written < 1.5 * KiB * KiB) {
      const isWritten = new Promise<void>((resolve) => {
        channel.write(buffer.subarray(0, 32 * KiB), resolve);
      });
      while (await isPending(isWritten)) drain(fromPlugin, buffer);
      written += 32 * KiB;
    }
    drain(fromPlugin, buffer);
    // More than an ordinary pipe holds, although the host does not read.
    await new Promise<void>((resolve) => {
      channel.write(buffer.subarray(0, 256 * KiB), resolve);
    });
    expect(channel.contentBytes).toBeGreaterThan(before);
    await channel.release();
  });

  it("enlarges the input once it has carried much", async () => {
    const { channel, toPlugin } = connect();
    const { recorded, until } = start(channel);
    const chunk = Buffer.alloc(32 * KiB, "x");
    for (let sent = 0; sent < 1.5 * KiB * KiB; sent += chunk.length) {
      fs.writeSync(toPlugin, chunk);
      await until(() => recorded.bytes.length === sent + chunk.length);
    }
    channel.pause();
    expect(fs.writeSync(toPlugin, Buffer.alloc(256 * KiB))).toBe(256 * KiB);
    await channel.release();
  });

  it("reports an error of a write before the start", async () => {
    const { channel } = connect();
    for (const fd of [...open]) close(fd);
    channel.write(Buffer.from("greeting"), () => undefined);
    // The socket meets the error before the channel has a receiver.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    const { recorded, until } = start(channel);
    await until(() => recorded.closed);
    expect(recorded.error).toMatchObject({ code: "EPIPE" });
    await channel.release();
  });

  it.each(["before", "after"])("closes its descriptors when released %s its start", async (when) => {
    const { channel, plugin } = connect();
    if (when === "after") start(channel);
    await channel.release();
    for (const fd of [plugin.input, plugin.output]) expect(() => fs.fstatSync(fd)).toThrow("EBADF");
  });
});

describe("a channel on sockets", () => {
  it("loses no bytes that arrive between its first write and its start", async () => {
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL("../../fixtures/descriptor-channel.js", import.meta.url))],
      {
        stdio: ["pipe", "pipe", "inherit", "ipc"],
      },
    );
    const { stdin, stdout } = child;
    if (stdin === null || stdout === null) throw new Error("there are no sockets");
    const output = text(stdout);
    const report = once(child, "message");
    await once(stdout, "readable");
    await new Promise((resolve) => stdin.write("first words", resolve));
    child.send("start");
    stdin.end(", last words");
    expect(await report).toEqual([{ received: "first words, last words" }, undefined]);
    expect(await output).toBe("greeting");
  });
});
