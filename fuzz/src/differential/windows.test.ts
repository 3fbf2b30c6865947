import { describe, expect, it } from "@jest/globals";
import { frame, frameType, settings, uint32 } from "../http2.js";
import { hasEmptyUpdate, overflowsStream } from "./windows.js";

const update = (stream: number, increment: number): Buffer =>
  frame(frameType.windowUpdate, 0, stream, uint32(increment));
const REST = 0x7fff_ffff - 1000;

describe("window updates", () => {
  it("of 0 are found on streams, but not on the connection or in other frames", () => {
    expect(
      hasEmptyUpdate([
        update(1, 5),
        update(0, 0),
        frame(frameType.windowUpdate, 0, 1, Buffer.alloc(5)),
        frame(frameType.ping, 0, 1, uint32(0)),
      ]),
    ).toBe(false);
    expect(hasEmptyUpdate([update(1, 0x8000_0000)])).toBe(true);
  });

  it.each([
    [[update(1, REST)], 1000, true],
    [[update(1, REST - 64_535)], 1000, false],
    [[update(1, REST - 64_535), update(1, 1)], 1000, true],
    [[update(1, REST - 64_535), update(3, 1), update(0, 0x7fff_ffff)], 1000, false],
    [[settings([4, 1_000_000]), update(1, REST - 64_535)], 1000, true],
    [[settings([4, 0xffff_ffff]), update(1, REST - 64_535)], 1000, false],
    [[update(1, 1)], 0x7fff_ffff, true],
  ])("may overflow a stream: case %#", (frames, initial, overflows) => {
    expect(overflowsStream(frames, initial)).toBe(overflows);
  });
});
