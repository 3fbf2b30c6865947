import { describe, expect, it } from "@jest/globals";
import { frameFlag, frameType, preface } from "@kloset/wire/http2";
import fc from "fast-check";
import { FrameReader } from "./frame-reader.js";
import { data, frame, headers, padded, settings, windowUpdate } from "../testing/frames.js";

/** The events of a sink, with the pieces of each frame joined. */
class Sink {
  readonly frames: {
    type: number;
    flags: number;
    stream: number;
    length: number;
    content: string;
    isWhole: boolean;
  }[] = [];

  onFrame({ type, flags, stream, length }: { type: number; flags: number; stream: number; length: number }): void {
    this.frames.push({ type, flags, stream, length, content: "", isWhole: false });
  }

  onData(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    this.#add(bytes, start, end, isLast);
  }

  onPayload(_frame: unknown, bytes: Uint8Array, start: number, end: number): void {
    this.#add(bytes, start, end, true);
  }

  #add(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    const last = this.frames.at(-1);
    if (last === undefined || last.isWhole) throw new Error("content of no frame");
    last.content += Buffer.from(bytes.subarray(start, end)).toString("hex");
    last.isWhole = isLast;
  }
}

const everyKind = Buffer.concat([
  preface,
  settings([4, 65_535]),
  frame(frameType.settings, frameFlag.ack, 0),
  headers(1),
  data(1, "abc"),
  data(1),
  data(1, Buffer.alloc(300, 7), frameFlag.endStream),
  padded(frameType.data, 0, 3, "padded", 5),
  padded(frameType.data, frameFlag.endStream, 3, "", 0),
  frame(frameType.data, frameFlag.padded, 3),
  windowUpdate(0, 100),
  frame(0xff, 0xff, 0xffff_ffff, Buffer.from("extension")),
  frame(frameType.ping, 0, 0, Buffer.from("pingping")),
]);

function read(pieces: readonly Uint8Array[]): Sink["frames"] {
  const sink = new Sink();
  const reader = new FrameReader(sink);
  for (const piece of pieces) {
    // The memory is reused.
    const borrowed = Buffer.from(piece);
    reader.read(borrowed);
    borrowed.fill(0xee);
  }
  return sink.frames;
}

const whole = read([everyKind]);

describe("FrameReader", () => {
  it("finds the frames, without the reserved bit of a stream", () => {
    expect(whole.map(({ type, stream, length }) => [type, stream, length])).toEqual([
      [4, 0, 6],
      [4, 0, 0],
      [1, 1, whole[2]?.length],
      [0, 1, 3],
      [0, 1, 0],
      [0, 1, 300],
      [0, 3, 12],
      [0, 3, 1],
      [0, 3, 0],
      [8, 0, 4],
      [0xff, 0x7fff_ffff, 9],
      [6, 0, 8],
    ]);
    expect(whole.every(({ isWhole, length, content }) => isWhole && content.length === 2 * length)).toBe(true);
    expect(whole[3]?.content).toBe(Buffer.from("abc").toString("hex"));
  });

  it("finds the same byte by byte, and cut in two anywhere", () => {
    expect(read([...everyKind].map((byte) => Buffer.of(byte)))).toEqual(whole);
    for (let at = 1; at < everyKind.length; at += 1)
      expect(read([everyKind.subarray(0, at), everyKind.subarray(at)])).toEqual(whole);
  });

  it("finds the same in any pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(everyKind.length), { maxLength: 30 }), (cuts) => {
        const sorted = [0, ...cuts.sort((a, b) => a - b), everyKind.length];
        expect(read(sorted.slice(1).map((to, index) => everyKind.subarray(sorted[index], to)))).toEqual(whole);
      }),
      { seed: 20261124, numRuns: 300 },
    );
  });

  it("passes on DATA as it arrives, and other frames whole", () => {
    const pieces: number[] = [];
    const reader = new FrameReader({
      onFrame: () => undefined,
      onData: (_bytes, start, end) => pieces.push(end - start),
      onPayload: ({ type }, _bytes, start, end) => type === frameType.headers && pieces.push(-(end - start)),
    });
    const block = headers(1);
    reader.read(Buffer.concat([preface, settings(), block.subarray(0, 20)]));
    reader.read(Buffer.concat([block.subarray(20), data(1, "0123456789").subarray(0, 12)]));
    reader.read(Buffer.from("3456"));
    reader.read(Buffer.from("789"));
    expect(pieces).toEqual([-(block.length - 9), 3, 4, 3]);
  });

  it.each<[string, Buffer, string]>([
    [
      "HTTP/1.1",
      Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
      'the host does not speak HTTP/2: it began with "GET / HTTP/1.1\\r\\nHost: lo"',
    ],
    ["no SETTINGS", Buffer.concat([preface, data(1)]), "its first frame is not SETTINGS"],
    [
      "an acknowledgement in its place",
      Buffer.concat([preface, frame(frameType.settings, frameFlag.ack, 0)]),
      "its first frame is not SETTINGS",
    ],
    [
      "a frame of 16,385 bytes",
      Buffer.concat([preface, settings(), data(1, Buffer.alloc(16_385))]),
      "the host sent a frame of 16385 bytes; the limit is 16384",
    ],
    [
      "SETTINGS of 16 MiB",
      Buffer.concat([preface, Buffer.of(0xff, 0xff, 0xff, 4, 0, 0, 0, 0, 0)]),
      "the host sent a frame of 16777215 bytes",
    ],
  ])("refuses %s, however it is cut", (_, bytes, text) => {
    expect(() => read([bytes])).toThrow(text);
    const refused = bytes.subarray(0, preface.length + 30);
    expect(() => read([...refused].map((byte) => Buffer.of(byte)))).toThrow(text.slice(0, 60).split('"')[0]);
  });

  it("accepts the largest frame", () => {
    const frames = read([preface, settings(), data(1, Buffer.alloc(16_384)), frame(0xee, 0, 1, Buffer.alloc(16_384))]);
    expect(frames.map(({ length, isWhole }) => [length, isWhole])).toEqual([
      [0, true],
      [16_384, true],
      [16_384, true],
    ]);
  });
});
