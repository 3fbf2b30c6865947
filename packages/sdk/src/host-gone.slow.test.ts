/**
 * Hosts that go while calls are running: the plugin exits by itself with code 0,
 * and no process is left.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { Duplex } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { PluginExit } from "@kloset/host";
import { endFixturesAfterEach, fixturePath, generations } from "./testing/fixture.js";
import { Log } from "./testing/log.js";
import { callBlock, END_STREAM, frame, headerFrames, message, type } from "./testing/raw-frames.js";
import { RawHost } from "./testing/raw-host.js";

endFixturesAfterEach();

/** Returns true while a process runs; a zombie does not. */
function isRunning(pid: number): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}

/** Resolves when a process has ended, a moment after the kernel has closed its files. Otherwise the test times out. */
async function processEnd(pid: number): Promise<void> {
  while (isRunning(pid)) await setTimeout(10);
}

/** Returns the identifiers of a process's live children. */
function childrenOf(pid: number): string {
  return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
}

describe.each(generations)("a host of %s", (generation) => {
  it("leaves no process behind when it is killed during 120 calls", async () => {
    const host = spawn(
      process.execPath,
      [fixturePath("doomed-host.js"), generation, fixturePath("patient-storage.js")],
      {
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    const log = new Log();
    host.stderr.pipe(log);
    await log.waitFor("waiting 100");
    await log.waitFor("giving 16 MiB");
    const plugin = Number(log.lines("plugin")[0]?.split(" ")[1]);
    expect(isRunning(plugin)).toBe(true);
    expect(childrenOf(plugin)).toBe("");
    host.kill("SIGKILL");
    expect(await once(host, "exit")).toEqual([null, "SIGKILL"]);
    // Host, plugin and any child of theirs write to the log, so it ends with the last of them.
    await once(log, "finish");
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
    expect(log.lines("exit")).toEqual(["exit 0"]);
    expect(log.lines("get aborted")).toHaveLength(20);
    expect(log.lines("stored")).toEqual([]);
    expect(log.lines("storage: ")).toEqual([]);
    await processEnd(plugin);
  }, 120_000);

  it.each<[string, (host: RawHost) => Promise<unknown> | undefined]>([
    ["it ends the plugin's input", (host) => host.running.stop()],
    ["it closes both pipes", (host) => void host.running.plugin.transport.destroy()],
    [
      "it ends the input within a frame",
      async (host) => {
        await host.send(headerFrames(1001, callBlock("/store.Store/Put", "x")).subarray(0, 20));
        await host.running.stop();
      },
    ],
    [
      "it goes while it does not read",
      (host) => {
        host.running.plugin.transport.pause();
        return host.running.stop();
      },
    ],
  ])("ends the plugin with exit code 0 during calls when %s", async (_, go) => {
    const host = await RawHost.initialised(generation);
    const { log, plugin } = host.running;
    const request = generation === "v1.0" ? [0x0a, 34, 0x0a, 32] : [0x0a, 32];
    const body = Buffer.concat([
      Buffer.from(request),
      Buffer.alloc(32, 1),
      ...(generation === "v1.1" ? [Buffer.from([0x10, 1])] : []),
    ]);
    await host.open("Get", body, END_STREAM);
    await host.open("Put", body);
    await log.waitFor("giving");
    await go(host);
    expect(await plugin.exited).toEqual({ code: 0, signal: null });
    await log.waitFor("peak");
    expect(log.lines("get")).toEqual(["get aborted"]);
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
    expect(log.lines("stored")).toEqual([]);
    expect(log.lines("storage: ")).toEqual([]);
    await processEnd(plugin.pid);
  });
});

describe("a host that closes one pipe", () => {
  it("ends the plugin at its next write if it closes only the pipe that it reads", async () => {
    const child = spawn(process.execPath, [fixturePath("patient-storage.js")], { stdio: ["pipe", "pipe", "pipe"] });
    const log = new Log();
    child.stderr.pipe(log);
    const exited = new Promise<PluginExit>((resolve) => {
      child.once("exit", (code, signal) => {
        resolve({ code, signal });
      });
    });
    const transport = Duplex.from({ readable: child.stdout, writable: child.stdin });
    const host = new RawHost({ plugin: { transport, exited, pid: child.pid ?? 0 }, log });
    await host.initialise();
    child.stdout.destroy();
    child.stdin.on("error", () => undefined);
    child.stdin.write(Buffer.concat([host.call(3, "Mode"), frame(type.data, END_STREAM, 3, message(Buffer.alloc(0)))]));
    expect(await exited).toEqual({ code: 0, signal: null });
    await log.waitFor("peak");
    expect(log.lines("clos")).toEqual(["closing", "closed"]);
    expect(log.lines("storage: ")).toEqual([]);
  });
});
