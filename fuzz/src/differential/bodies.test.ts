import { describe, expect, it } from "@jest/globals";
import { envelope, flag, frame, frameType } from "../http2.js";
import { bodyOf, hasUnknownInEntry } from "./bodies.js";

const data = (stream: number, payload: Uint8Array, flags = 0): Buffer => frame(frameType.data, flags, stream, payload);
const hello = envelope(Buffer.from("hello"));

describe("bodyOf", () => {
  it("joins the frames of the stream without padding, up to its end", () => {
    const padded = data(1, Buffer.concat([Buffer.of(3), hello.subarray(4), Buffer.alloc(3)]), flag.padded);
    const frames = [
      data(3, hello),
      data(1, hello.subarray(0, 4)),
      padded,
      data(1, hello, flag.endStream),
      data(1, hello),
    ];
    expect(bodyOf(frames, 1)).toEqual({
      length: 20,
      messages: [Buffer.from("hello"), Buffer.from("hello")],
      breaksOff: false,
      isEnded: true,
    });
    expect(bodyOf(frames, 3)).toMatchObject({ messages: [Buffer.from("hello")], isEnded: false });
    expect(bodyOf([data(1, hello.subarray(0, 8))], 1)).toEqual({
      length: 8,
      messages: [],
      breaksOff: true,
      isEnded: false,
    });
    expect(bodyOf([frame(frameType.headers, flag.endStream, 1)], 1)).toEqual({
      length: 0,
      messages: [],
      breaksOff: false,
      isEnded: true,
    });
  });

  it.each([
    ["a key and a value", [0x1a, 4, 0x0a, 0, 0x12, 0], false],
    ["a third field in an entry", [0x08, 1, 0x1a, 4, 0x0a, 0, 0x1a, 0], true],
    ["the same in another field", [0x12, 4, 0x0a, 0, 0x1a, 0], false],
    ["an entry that is no message", [0x1a, 2, 0x0a, 9], false],
  ])("has %s", (_, bytes, unknown) => {
    expect(hasUnknownInEntry(Buffer.from(bytes), 3)).toBe(unknown);
  });
});
