import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

// The published file, made by `npm run build`.
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

/** Waits until the plugin that ignores all signals runs. Returns a promise of its end. */
async function stubbornPlugin(): Promise<{ gone: Promise<unknown> }> {
  const [socket] = (await once(server, "connection")) as [Socket];
  socket.resume();
  socket.on("error", () => undefined);
  return { gone: once(socket, "close") };
}

/** Waits for the exit of a process. Returns its exit code and standard error. */
async function endOf(child: ChildProcess): Promise<{ code: number | null; error: string }> {
  const error = child.stderr === null ? "" : text(child.stderr);
  const [code] = (await once(child, "exit")) as [number | null];
  return { code, error: await error };
}

describe("an interrupted run", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("ends the plugin, removes its folders and exits with %s's code %i", async (signal, code) => {
    const child = start([], [process.execPath, stubborn, join(folder, "socket")]);
    const ended = endOf(child);
    const { gone } = await stubbornPlugin();
    child.kill(signal);
    expect(await ended).toEqual({ code, error: `interrupted by ${signal}\n` });
    await gone;
    expect(await readdir(temporary)).toEqual([]);
  });

  it("removes its folders and prints no stack when the reader of its output is gone", async () => {
    // Printing the failed start raises EPIPE.
    const child = start([], ["/bin/cat"]);
    child.stdout?.destroy();
    const { code, error } = await endOf(child);
    expect(error).toBe("interrupted by SIGPIPE\n");
    expect(code).toBe(141);
    expect(await readdir(temporary)).toEqual([]);
  });
});
