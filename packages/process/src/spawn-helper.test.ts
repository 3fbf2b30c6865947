import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import { spawnHelper, type HelperProcess, type SpawnHelperOptions } from "./spawn-helper.js";
import { fixturePath } from "./testing/child.js";

/** Starts Node with a script. */
function node(script: string, args: string[] = [], options?: SpawnHelperOptions): HelperProcess {
  return spawnHelper(process.execPath, ["-e", script, ...args], options);
}

const waits = "process.stdout.write('runs'); setInterval(() => 0, 1e9)";

describe("spawnHelper", () => {
  it("connects the input and output of the process, and passes arguments unchanged", async () => {
    const helper = node(
      "process.stdout.write(JSON.stringify(process.argv.slice(1))); process.stdin.pipe(process.stdout)",
      ["a b", "$HOME", "'", '"', "*", "", "é\n"],
      { cwd: "/", env: { ...process.env, HOME: "/nowhere" } },
    );
    helper.stdin.end("input");
    expect(await text(helper.stdout)).toBe(`${JSON.stringify(["a b", "$HOME", "'", '"', "*", "", "é\n"])}input`);
    await helper.ended;
  });

  it("keeps every other file descriptor from the process", async () => {
    const helper = spawnHelper("sh", [
      "-c",
      'for fd in 3 4 5 6 7 8 9; do ( : <&"$fd" ) 2>/dev/null && echo "$fd"; done; :',
    ]);
    expect(await text(helper.stdout)).toBe("");
  });

  it("runs in a directory and with an environment of its own", async () => {
    const helper = spawnHelper("sh", ["-c", 'pwd; echo "$NAME"'], { cwd: "/", env: { ...process.env, NAME: "value" } });
    expect(await text(helper.stdout)).toBe("/\nvalue\n");
  });

  it("fails the output when the process fails, so that a part does not pass for the whole", async () => {
    const helper = node("process.stdout.write('half'); process.exitCode = 3");
    await expect(text(helper.stdout)).rejects.toThrow(`${process.execPath}: exited with code 3`);
    await expect(helper.ended).rejects.toThrow("exited with code 3");
  });

  it("reports a command that does not exist, and a directory that does not exist", async () => {
    const missing = spawnHelper("kloset-no-such-command");
    await expect(text(missing.stdout)).rejects.toThrow("kloset-no-such-command: exited with code 127");
    const nowhere = spawnHelper("sh", [], { cwd: "/kloset/no/such/directory" });
    await expect(text(nowhere.stdout)).rejects.toThrow("sh: cannot be started");
    await expect(nowhere.ended).rejects.toThrow("ENOENT");
    nowhere.kill();
    expect(() => spawnHelper("")).toThrow("spawnHelper(): the command is empty");
  });

  it("kills the process on abort, with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("the host has gone");
    const helper = node(waits, [], { signal: controller.signal });
    await once(helper.stdout, "data");
    controller.abort(reason);
    await expect(helper.ended).rejects.toBe(reason);
    expect(helper.stdout.destroyed).toBe(true);
    expect(() => node(waits, [], { signal: controller.signal })).toThrow(reason);
  });

  it("kills the process when its output is destroyed, and with kill()", async () => {
    const dropped = node(waits);
    await once(dropped.stdout, "data");
    dropped.stdout.destroy();
    await expect(dropped.ended).rejects.toThrow("killed by SIGKILL");
    const stopped = node(waits);
    await once(stopped.stdout, "data");
    stopped.kill();
    await expect(stopped.ended).rejects.toThrow("killed by SIGTERM");
    stopped.kill("SIGKILL");
  });

  it("survives a process that does not read its input", async () => {
    const helper = spawnHelper("true");
    await helper.ended;
    helper.stdin.write("x".repeat(1_000_000));
    helper.stdin.end();
    expect(await text(helper.stdout)).toBe("");
  });

  it("keeps back-pressure", async () => {
    const helper = spawnHelper("sh", ["-c", "head -c 3000000 /dev/zero"]);
    await once(helper.stdout, "readable");
    expect(helper.stdout.readableLength).toBeLessThan(300_000);
    expect(await text(helper.stdout)).toHaveLength(3_000_000);
  });

  it.each([
    ["is killed with SIGKILL", "SIGKILL"],
    ["exits", undefined],
  ] as const)("ends the process and what it has started when the plugin %s", async (_, signal) => {
    const plugin = spawn(process.execPath, [fixturePath("helper-parent.js")], { stdio: ["pipe", "ignore", "pipe"] });
    plugin.stderr.setEncoding("utf8");
    let log = "";
    plugin.stderr.on("data", (chunk: string) => {
      log += chunk;
    });
    while (!log.includes("the helper runs")) await once(plugin.stderr, "data");
    if (signal === undefined) plugin.stdin.end();
    else plugin.kill(signal);
    // The end arrives only when no process holds the plugin's stderr.
    await once(plugin.stderr, "end");
    expect(log).toBe("the helper runs\n");
  });
});
