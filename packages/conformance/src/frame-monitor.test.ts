import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import { duplexPair } from "@kloset/test-support";
import { FrameType, FrameMonitor } from "./frame-monitor.js";

const settings = Uint8Array.of(0, 0, 0, FrameType.SETTINGS, 0, 0, 0, 0, 0);

/** Sends chunks through a monitor and ends the stream. Returns the monitor and the bytes that it passed on. */
async function monitored(...chunks: (string | Uint8Array)[]): Promise<{ monitor: FrameMonitor; passed: Uint8Array }> {
  const [inner, plugin] = duplexPair();
  const monitor = new FrameMonitor(inner);
  const over = once(inner, "end");
  for (const chunk of chunks) plugin.write(chunk);
  plugin.end();
  const passed = await buffer(monitor);
  await over;
  return { monitor, passed };
}

describe("FrameMonitor", () => {
  it("accepts frames that are split anywhere", async () => {
    const {
      monitor: { garbage, frames },
      passed,
    } = await monitored(settings.subarray(0, 1), settings.subarray(1), settings);
    expect(passed).toHaveLength(2 * settings.length);
    expect(garbage).toBeUndefined();
    expect(frames).toEqual(new Map([[FrameType.SETTINGS, 2]]));
  });

  it.each([
    ["a banner", ["Welcome to my plugin 2.0!\n", settings], 'at its start: "Welcome to my plugin 2.0!\\n'],
    ["text shorter than a header", ["hi\n"], 'at its start: "hi\\n"'],
    ["text between two frames, in pieces", [settings, "50", "% of ", "it\n"], 'after 1 frames: "50% of it\\n"'],
    ["half a header", [settings, settings.subarray(0, 4)], 'at its end: "\\u0000\\u0000\\u0000\\u0004"'],
    ["a first frame other than SETTINGS", [Uint8Array.of(0, 0, 0, FrameType.PING, 0, 0, 0, 0, 0)], "at its start: "],
  ])("reports %s", async (_, chunks, garbage) => {
    expect((await monitored(...chunks)).monitor.garbage).toContain(garbage);
  });

  it("keeps the beginning of long output", async () => {
    const { monitor } = await monitored("x".repeat(100), "y".repeat(100), "z".repeat(100_000));
    expect(monitor.garbage).toBe(`at its start: "${"x".repeat(100)}${"y".repeat(100)}"`);
  });

  it("ends the connection where stray output begins, although the plugin goes on", async () => {
    const { passed } = await monitored(Buffer.concat([settings, Buffer.from("50%\n"), settings]), settings);
    expect([...passed]).toEqual([...settings]);
  });

  it("ends the connection before the plugin ends", async () => {
    const [inner, plugin] = duplexPair();
    plugin.write("50%\n");
    expect(await buffer(new FrameMonitor(inner))).toHaveLength(0);
  });
});
