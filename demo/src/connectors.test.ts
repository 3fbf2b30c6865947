import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { PluginExit, RunningConnector } from "@kloset/host";
import { executableOf, missingExecutables, withConnector } from "./connectors.js";
import { removeTree } from "./remove-tree.js";

/** A connector whose process is made up. */
function connectorWith(exit: PluginExit): { start: () => Promise<RunningConnector<string>>; calls: string[] } {
  const calls: string[] = [];
  const end = (how: string) => async (): Promise<PluginExit> => {
    calls.push(how);
    return exit;
  };
  // Only what is used here: a process can not be made without one.
  const plugin = { kill: end("kill") } as unknown as RunningConnector<string>["plugin"];
  return { start: async () => ({ client: "client", plugin, stop: end("stop") }), calls };
}

describe("work with a connector", () => {
  it("gives its result when the process has ended well", async () => {
    const { start, calls } = connectorWith({ code: 0, signal: null });
    expect(await withConnector(start, async (client) => `result of ${client}`)).toBe("result of client");
    expect(calls).toEqual(["stop"]);
  });

  it.each([
    [{ code: 3, signal: null }, "a plugin ended with exit code 3 after its work"],
    [{ code: null, signal: "SIGKILL" as const }, "a plugin ended with SIGKILL after its work"],
  ])("fails when the process ended with %j", async (exit, message) => {
    await expect(withConnector(connectorWith(exit).start, async () => "result")).rejects.toThrow(message);
  });

  it("fails as the work does, and the process is ended", async () => {
    const { start, calls } = connectorWith({ code: 1, signal: null });
    await expect(withConnector(start, async () => Promise.reject(new Error("no space")))).rejects.toThrow("no space");
    expect(calls).toEqual(["stop"]);
  });

  it("kills the process when it is aborted, and fails with the reason", async () => {
    const { start, calls } = connectorWith({ code: null, signal: "SIGKILL" });
    const abort = new AbortController();
    const work = async (): Promise<never> => {
      abort.abort(new Error("Ctrl-C"));
      throw new Error("the plugin has gone");
    };
    await expect(withConnector(start, work, abort.signal)).rejects.toThrow("Ctrl-C");
    expect(calls).toContain("kill");
    expect(calls).not.toContain("stop");
  });

  it("is not begun when it was aborted before, or while the process started", async () => {
    const { start, calls } = connectorWith({ code: null, signal: "SIGKILL" });
    const reached = async (): Promise<never> => Promise.reject(new Error("was begun"));
    await expect(withConnector(start, reached, AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
    expect(calls).toEqual([]);
    for (const fails of [false, true]) {
      const abort = new AbortController();
      const aborting = async (): Promise<RunningConnector<string>> => {
        abort.abort(new Error("while it started"));
        if (fails) throw new Error("the plugin has gone");
        return await start();
      };
      await expect(withConnector(aborting, reached, abort.signal)).rejects.toThrow("while it started");
    }
    expect(calls).toEqual(["kill"]);
  });
});

it("executables that are missing, or can not be run, are named", async () => {
  const folder = mkdtempSync(join(tmpdir(), "connectors-"));
  try {
    writeFileSync(executableOf(folder, "importer"), "", { mode: 0o755 });
    writeFileSync(executableOf(folder, "storage"), "", { mode: 0o644 });
    expect(await missingExecutables(folder)).toEqual([
      executableOf(folder, "exporter"),
      executableOf(folder, "storage"),
    ]);
  } finally {
    await removeTree(folder);
  }
});
