import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

// As it is published; `npm run build` makes it.
const command = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const stubborn = fileURLToPath(new URL("../../fixtures/stubborn.js", import.meta.url));

let folder: string;
let temporary: string;
let server: Server;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kloset-interrupted-"));
  temporary = join(folder, "tmp");
  await mkdir(temporary);
  server = createServer().listen(join(folder, "socket"));
  await once(server, "listening");
});

afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

function start(args: readonly string[], plugin: readonly string[]): ChildProcess {
  const options = ["--connector", "importer", "--location", "memory://there", ...args, "--", ...plugin];
  return spawn(process.execPath, [command, ...options], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Waits until a plugin that ends by nothing runs in a check. @returns What tells its end. */
async function stubbornPlugin(): Promise<{ gone: Promise<unknown> }> {
  const [socket] = (await once(server, "connection")) as [Socket];
  socket.resume();
  socket.on("error", () => undefined);
  return { gone: once(socket, "close") };
}

/** What a process has come to. */
async function endOf(child: ChildProcess): Promise<{ code: number | null; error: string }> {
  const error = child.stderr === null ? "" : text(child.stderr);
  const [code] = (await once(child, "exit")) as [number | null];
  return { code, error: await error };
}

describe("a run that is broken off", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s leaves neither the plugin nor a folder, and ends with %i", async (signal, code) => {
    const child = start([], [process.execPath, stubborn, join(folder, "socket")]);
    const ended = endOf(child);
    const { gone } = await stubbornPlugin();
    child.kill(signal);
    expect(await ended).toEqual({ code, error: `broken off by ${signal}\n` });
    await gone;
    expect(await readdir(temporary)).toEqual([]);
  });

  it("by who reads what it prints leaves no folder, and prints no stack", async () => {
    // Its start fails, and is told: to nobody.
    const child = start([], ["/bin/cat"]);
    child.stdout?.destroy();
    const { code, error } = await endOf(child);
    expect(error).toBe("broken off by SIGPIPE\n");
    expect(code).toBe(141);
    expect(await readdir(temporary)).toEqual([]);
  });
});
