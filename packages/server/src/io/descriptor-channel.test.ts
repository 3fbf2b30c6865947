import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { descriptorChannel, type DescriptorChannel } from "./descriptor-channel.js";

let folder: string;
/** The test's ends. */
let open: Set<number>;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "kloset-descriptor-channel-"));
  open = new Set();
});

afterEach(() => {
  for (const fd of open) fs.closeSync(fd);
  fs.rmSync(folder, { recursive: true });
});

/** A pipe as the guard opens it, and the host's end of it. */
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

interface Ends {
  readonly channel: DescriptorChannel;
  readonly plugin: { readonly input: number; readonly output: number };
  /** The host writes. */
  readonly toPlugin: number;
  /** The host reads what is there. */
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
  return { channel: descriptorChannel({ input, output }, 0), plugin: { input, output }, toPlugin, read };
}

/** Starts a channel. What it tells, and how to wait for more of it. */
function start(channel: DescriptorChannel, onBytes: (text: string) => void = () => undefined) {
  const told = { bytes: "", closed: false, error: undefined as Error | undefined };
  let wake: () => void = () => undefined;
  channel.start({
    onBytes: (bytes) => {
      const received = Buffer.from(bytes).toString("latin1");
      told.bytes += received;
      onBytes(received);
      wake();
    },
    onClose: (error) => {
      told.closed = true;
      told.error = error;
      wake();
    },
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { told, until };
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

  it("tells what came before it is started, what comes a turn later, and what comes then", async () => {
    const { channel, toPlugin } = connect();
    fs.writeSync(toPlugin, "one ");
    const { told, until } = start(channel, (received) => {
      if (received === "one ") process.nextTick(() => fs.writeSync(toPlugin, "two "));
      if (received === "two ") setImmediate(() => setImmediate(() => fs.writeSync(toPlugin, "three")));
    });
    expect(told.bytes).toBe("one ");
    await until(() => told.bytes === "one two three");
    close(toPlugin);
    await until(() => told.closed);
    expect(told.error).toBeUndefined();
    await channel.release();
  });

  it("reads no further while it is paused: not even in the turns before it has sockets", async () => {
    const { channel, toPlugin } = connect();
    fs.writeSync(toPlugin, "one ");
    const { told, until } = start(channel, (received) => {
      if (received !== "one ") return;
      channel.pause();
      process.nextTick(() => fs.writeSync(toPlugin, "two"));
    });
    for (let turns = 0; turns < 10; turns += 1) await new Promise(setImmediate);
    expect(told.bytes).toBe("one ");
    channel.resume();
    await until(() => told.bytes === "one two");
    await channel.release();
  });

  it("ends, and has told the host's last words, when the host has gone before it is started", async () => {
    const { channel, toPlugin } = connect();
    fs.writeSync(toPlugin, "last words");
    close(toPlugin);
    const { told, until } = start(channel);
    await until(() => told.closed);
    expect(told).toEqual({ bytes: "last words", closed: true, error: undefined });
    await channel.release();
  });

  it("tells an error of what was written before it was started", async () => {
    const { channel } = connect();
    for (const fd of [...open]) close(fd);
    channel.write(Buffer.from("greeting"), () => undefined);
    // The socket meets it before anybody could be told.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    const { told, until } = start(channel);
    await until(() => told.closed);
    expect(told.error).toMatchObject({ code: "EPIPE" });
    await channel.release();
  });

  it.each(["before", "after"])("closes its descriptors when it is released %s it was started", async (when) => {
    const { channel, plugin } = connect();
    if (when === "after") start(channel);
    await channel.release();
    for (const fd of [plugin.input, plugin.output]) expect(() => fs.fstatSync(fd)).toThrow("EBADF");
  });
});

describe("a channel on sockets", () => {
  it("loses nothing that comes between its first write and its start", async () => {
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
