import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { PluginExit } from "@kloset/host";
import type { Launch } from "./launch.js";
import { casesOf } from "./cases.js";
import { checkConformance, checkRule } from "./run.js";
import type { Subject } from "./subject.js";
import { duplexPair } from "@kloset/test-support";

const reason = new Error("enough");

/** Returns a launcher of a silent plugin that calls a function when it starts and counts its kills. */
function silentPlugin(onLaunch: () => void): { launch: Launch; killed: () => number; folder: () => string } {
  let kills = 0;
  let folder = "";
  const launch: Launch = async ({ env }) => {
    folder = dirname(env["TMPDIR"] ?? "");
    const [transport] = duplexPair();
    const ended: PluginExit = { code: null, signal: "SIGKILL" };
    const kill = async (): Promise<PluginExit> => {
      kills++;
      transport.destroy();
      return ended;
    };
    onLaunch();
    // Lets everything that the abort triggers run.
    await new Promise((resolve) => setImmediate(resolve));
    return { transport, pid: undefined, exited: new Promise(() => undefined), stderrText: () => "", stop: kill, kill };
  };
  return { launch, killed: () => kills, folder: () => folder };
}

function subjectOf(launch: Launch): Subject {
  return {
    connector: "storage",
    executable: "in process",
    location: "memory://{unique}",
    generations: ["v1.1"],
    launch,
  };
}

describe("an interrupted check", () => {
  it("kills the plugin that was about to start, removes its folder, and throws the reason", async () => {
    const controller = new AbortController();
    const { launch, killed, folder } = silentPlugin(() => {
      controller.abort(reason);
    });
    await expect(checkConformance(subjectOf(launch), { signal: controller.signal })).rejects.toBe(reason);
    expect(killed()).toBeGreaterThan(0);
    await expect(readdir(folder())).rejects.toThrow("ENOENT");
  });

  it("starts nothing when it was interrupted before", async () => {
    const { launch, killed } = silentPlugin(() => undefined);
    const [first] = casesOf(subjectOf(launch));
    if (first === undefined) throw new Error("there are no rules");
    await expect(checkRule(subjectOf(launch), first, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(killed()).toBe(0);
  });
});

describe("the log in an outcome", () => {
  it("shows an error of a packaged plugin without the rest of the bundle", async () => {
    const log = `/p/a.cjs:1\n${"x".repeat(20_000)}\n  ^\n\nError: no license file\n`;
    const { launch } = silentPlugin(() => undefined);
    const subject = subjectOf(async (request) => ({ ...(await launch(request)), stderrText: () => log }));
    const [first] = casesOf(subject);
    if (first === undefined) throw new Error("there are no rules");
    const { stderr } = await checkRule(subject, first, { timeoutMs: 1 });
    expect(stderr).toMatch(/^\/p\/a\.cjs:1\nx{200}… \(19800 more characters\)\n\nError: no license file\n$/);
  });
});
