import { describe, expect, it } from "@jest/globals";
import { FrameFilter } from "./frame-filter.js";
import { frameType } from "@kloset/wire/http2";
import { frame, goaway, rstStream } from "@kloset/test-support";

const data = frame(0, 0, 1, Buffer.from("some data"));
const empty = frame(4, 1, 0, new Uint8Array());
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

function pieces(bytes: Buffer, size: number): Buffer[] {
  const result: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) result.push(bytes.subarray(at, at + size));
  return result;
}

describe("FrameFilter", () => {
  it.each([1, 2, 3, 8, 9, 10, 13, 1000])("drops frames from chunks of %d bytes", (size) => {
    const dropped: [number, number][] = [];
    const filter = new FrameFilter({
      preface,
      drops: ({ type }) => type === frameType.goaway || type === frameType.rstStream,
      onDropped: ({ type, stream }) => void dropped.push([type, stream]),
    });
    const bytes = Buffer.concat([
      preface,
      empty,
      rstStream(7, 8),
      data,
      goaway(1, 0),
      goaway(3, 2),
      data,
      empty,
      rstStream(9, 0),
    ]);
    const passed = pieces(bytes, size).flatMap((chunk) => filter.filter(chunk));
    expect(Buffer.concat(passed)).toEqual(Buffer.concat([preface, empty, data, data, empty]));
    expect(dropped).toEqual([
      [frameType.rstStream, 7],
      [frameType.goaway, 0],
      [frameType.goaway, 0],
      [frameType.rstStream, 9],
    ]);
  });

  it("reports a dropped frame without a payload", () => {
    const dropped: number[] = [];
    const filter = new FrameFilter({
      drops: ({ type }) => type === 4,
      onDropped: ({ type }) => void dropped.push(type),
    });
    expect(filter.filter(Buffer.concat([empty, data]))).toEqual([data]);
    expect(dropped).toEqual([4]);
  });

  it("passes on the chunk itself if it drops nothing", () => {
    const filter = new FrameFilter({ drops: ({ type }) => type === frameType.goaway });
    const chunk = Buffer.concat([data, empty]);
    const [passed] = filter.filter(chunk);
    expect(passed?.buffer).toBe(chunk.buffer);
    expect(passed).toEqual(chunk);
  });

  it.each([1, 5, 9, 12, 1000])("replaces a dropped frame by the result of onDropped, in chunks of %d bytes", (size) => {
    const payloads: Buffer[] = [];
    const filter = new FrameFilter({
      drops: ({ type }) => type === frameType.goaway,
      onDropped: (_, payload) => {
        payloads.push(payload);
        return empty;
      },
    });
    const long = frame(frameType.goaway, 0, 0, Buffer.alloc(5000, 1));
    const passed = pieces(Buffer.concat([data, goaway(1, 0), long, data]), size).flatMap((chunk) =>
      filter.filter(chunk),
    );
    expect(Buffer.concat(passed)).toEqual(Buffer.concat([data, empty, empty, data]));
    expect(payloads).toEqual([goaway(1, 0).subarray(9), Buffer.alloc(1024, 1)]);
  });

  it("passes on each DATA frame separately while isolatesData returns true", () => {
    let isolates = false;
    const filter = new FrameFilter({ drops: () => false, isolatesData: () => isolates });
    const chunk = Buffer.concat([empty, data, empty, data, data, empty]);
    expect(filter.filter(chunk)).toEqual([chunk]);
    isolates = true;
    expect(filter.filter(chunk)).toEqual([empty, data, empty, data, data, empty]);
  });

  it.each([1, 10, 100])("rejects a different preface, in chunks of %d bytes", (size) => {
    const filter = new FrameFilter({ preface, drops: () => false });
    expect(() =>
      pieces(Buffer.from("PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n"), size).flatMap((chunk) => filter.filter(chunk)),
    ).toThrow(/^the host does not speak HTTP\/2: it began with "/);
  });
});
