import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { PluginExit, RunningConnector } from "@kloset/host";
import { executableOf, missingExecutables, withConnector } from "./connectors.js";
import { removeTree } from "./remove-tree.js";

/** Makes a connector with a fake process. */
function connectorWith(exit: PluginExit): { start: () => Promise<RunningConnector<string>>; calls: string[] } {
  const calls: string[] = [];
  const end = (how: string) => async (): Promise<PluginExit> => {
    calls.push(how);
    return exit;
  };
  // Only the members in use, because a PluginProcess needs a real process.
  const plugin = { kill: end("kill") } as unknown as RunningConnector<string>["plugin"];
  return { start: async () => ({ client: "client", plugin, stop: end("stop") }), calls };
}

describe("withConnector", () => {
  it("returns the result when the process has exited with 0", async () => {
    const { start, calls } = connectorWith({ code: 0, signal: null });
    expect(await withConnector(start, async (client) => `result of ${client}`)).toBe("result of client");
    expect(calls).toEqual(["stop"]);
  });

  it.each([
    [{ code: 3, signal: null }, "a plugin exited with code 3 after its work"],
    [{ code: null, signal: "SIGKILL" as const }, "a plugin exited with SIGKILL after its work"],
  ])("fails if the process exits with %j", async (exit, message) => {
    await expect(withConnector(connectorWith(exit).start, async () => "result")).rejects.toThrow(message);
  });

  it("fails with the error of the work, and stops the process", async () => {
    const { start, calls } = connectorWith({ code: 1, signal: null });
    await expect(withConnector(start, async () => Promise.reject(new Error("no space")))).rejects.toThrow("no space");
    expect(calls).toEqual(["stop"]);
  });

  it("kills the process on abort, and fails with the reason", async () => {
    const { start, calls } = connectorWith({ code: null, signal: "SIGKILL" });
    const abort = new AbortController();
    const work = async (): Promise<never> => {
      abort.abort(new Error("Ctrl-C"));
      throw new Error("the plugin was killed");
    };
    await expect(withConnector(start, work, abort.signal)).rejects.toThrow("Ctrl-C");
    expect(calls).toContain("kill");
    expect(calls).not.toContain("stop");
  });

  it("does not start the work after an abort before or during the start of the process", async () => {
    const { start, calls } = connectorWith({ code: null, signal: "SIGKILL" });
    const reached = async (): Promise<never> => Promise.reject(new Error("was started"));
    await expect(withConnector(start, reached, AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
    expect(calls).toEqual([]);
    for (const fails of [false, true]) {
      const abort = new AbortController();
      const aborting = async (): Promise<RunningConnector<string>> => {
        abort.abort(new Error("while it started"));
        if (fails) throw new Error("the plugin was killed");
        return await start();
      };
      await expect(withConnector(aborting, reached, abort.signal)).rejects.toThrow("while it started");
    }
    expect(calls).toEqual(["kill"]);
  });
});

it("names executables that are missing or not executable", async () => {
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
