import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import { duplexPair } from "./testing/duplex-pair.js";
import { FrameType, Tap } from "./tap.js";

const settings = Uint8Array.of(0, 0, 0, FrameType.SETTINGS, 0, 0, 0, 0, 0);

/** Has a plugin send something, and end. @returns What a tap makes of it, and passes on. */
async function tapped(...chunks: (string | Uint8Array)[]): Promise<{ tap: Tap; passed: Uint8Array }> {
  const [inner, plugin] = duplexPair();
  const tap = new Tap(inner);
  const over = once(inner, "end");
  for (const chunk of chunks) plugin.write(chunk);
  plugin.end();
  const passed = await buffer(tap);
  await over;
  return { tap, passed };
}

describe("a tap", () => {
  it("has nothing to say of frames, however they are cut", async () => {
    const {
      tap: { garbage, frames },
      passed,
    } = await tapped(settings.subarray(0, 1), settings.subarray(1), settings);
    expect(passed).toHaveLength(2 * settings.length);
    expect(garbage).toBeUndefined();
    expect(frames).toEqual(new Map([[FrameType.SETTINGS, 2]]));
  });

  it.each([
    ["a banner", ["Welcome to my plugin 2.0!\n", settings], 'at its start: "Welcome to my plugin 2.0!\\n'],
    ["a word that is shorter than a header", ["hi\n"], 'at its start: "hi\\n"'],
    ["a print between two frames, in pieces", [settings, "50", "% of ", "it\n"], 'after 1 frames: "50% of it\\n"'],
    ["half a header", [settings, settings.subarray(0, 4)], 'at its end: "\\u0000\\u0000\\u0000\\u0004"'],
    [
      "a first frame that may not be the first",
      [Uint8Array.of(0, 0, 0, FrameType.PING, 0, 0, 0, 0, 0)],
      "at its start: ",
    ],
  ])("tells %s", async (_, chunks, told) => {
    expect((await tapped(...chunks)).tap.garbage).toContain(told);
  });

  it("keeps the beginning of what is long", async () => {
    const { tap } = await tapped("x".repeat(100), "y".repeat(100), "z".repeat(100_000));
    expect(tap.garbage).toBe(`at its start: "${"x".repeat(100)}${"y".repeat(100)}"`);
  });

  it("ends the connection where a print begins, though the plugin goes on", async () => {
    const { passed } = await tapped(Buffer.concat([settings, Buffer.from("50%\n"), settings]), settings);
    expect([...passed]).toEqual([...settings]);
  });

  it("does not wait for the plugin's end to end the connection", async () => {
    const [inner, plugin] = duplexPair();
    plugin.write("50%\n");
    expect(await buffer(new Tap(inner))).toHaveLength(0);
  });
});
