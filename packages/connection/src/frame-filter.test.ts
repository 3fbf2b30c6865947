import { describe, expect, it } from "@jest/globals";
import { FrameFilter, frameType } from "./frame-filter.js";
import { frame, goaway, rstStream } from "./testing/frames.js";

const data = frame(0, 0, 1, Buffer.from("some data"));
const empty = frame(4, 1, 0, new Uint8Array());
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

function pieces(bytes: Buffer, size: number): Buffer[] {
  const result: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) result.push(bytes.subarray(at, at + size));
  return result;
}

describe("FrameFilter", () => {
  it.each([1, 2, 3, 8, 9, 10, 13, 1000])("drops frames from bytes that come %d at a time", (size) => {
    const dropped: [number, number][] = [];
    const filter = new FrameFilter({
      prefaceLength: preface.length,
      drop: [frameType.goaway, frameType.rstStream],
      onDropped: (type, stream) => dropped.push([type, stream]),
    });
    const bytes = Buffer.concat([preface, empty, rstStream(7, 8), data, goaway(1, 0), goaway(3, 2), data, empty, rstStream(9, 0)]);
    const passed = pieces(bytes, size).flatMap((chunk) => filter.filter(chunk));
    expect(Buffer.concat(passed)).toEqual(Buffer.concat([preface, empty, data, data, empty]));
    expect(dropped).toEqual([
      [frameType.rstStream, 7],
      [frameType.goaway, 0],
      [frameType.goaway, 0],
      [frameType.rstStream, 9],
    ]);
  });

  it("tells of a dropped frame without a payload", () => {
    const dropped: number[] = [];
    const filter = new FrameFilter({ prefaceLength: 0, drop: [4], onDropped: (type) => dropped.push(type) });
    expect(filter.filter(Buffer.concat([empty, data]))).toEqual([data]);
    expect(dropped).toEqual([4]);
  });

  it("passes on the very chunk when there is nothing to drop", () => {
    const filter = new FrameFilter({ prefaceLength: 0, drop: [frameType.goaway] });
    const chunk = Buffer.concat([data, empty]);
    const [passed] = filter.filter(chunk);
    expect(passed?.buffer).toBe(chunk.buffer);
    expect(passed).toEqual(chunk);
  });
});
