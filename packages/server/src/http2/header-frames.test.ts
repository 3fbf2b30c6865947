import { describe, expect, it } from "@jest/globals";
import { errorCode, frameFlag, frameType } from "@kloset/wire/http2";
import { encodeHeaders } from "./hpack/index.js";
import { data, frame, headers, padded, requestFields, rstStream, uint32, windowUpdate } from "../testing/frames.js";
import { MemoryHost } from "../testing/memory-host.js";

const { endHeaders, endStream } = frameFlag;
const { protocolError, streamClosed, enhanceYourCalm, refusedStream } = errorCode;
const block = encodeHeaders(requestFields(["x", "y"]));

/** Splits a header block into HEADERS and CONTINUATION frames at these offsets. */
function cut(stream: number, flags: number, ...cuts: readonly number[]): Buffer {
  const ends = [...cuts, block.length];
  return Buffer.concat(
    [0, ...cuts].map((from, index) => {
      const last = index === cuts.length ? endHeaders : 0;
      return frame(
        index === 0 ? frameType.headers : frameType.continuation,
        (index === 0 ? flags : 0) | last,
        stream,
        block.subarray(from, ends[index]),
      );
    }),
  );
}

async function resets(host: MemoryHost): Promise<[stream: number, code: number][]> {
  return (await host.frames())
    .filter(({ type }) => type === frameType.rstStream)
    .map(({ stream, payload }) => [stream, payload.readUInt32BE()]);
}

describe("a header block (RFC 9113, sections 4.3, 6.2 and 6.10)", () => {
  it("may be split anywhere into HEADERS and CONTINUATION", () => {
    const host = new MemoryHost();
    let id = 1;
    for (let at = 0; at <= block.length; at += 1, id += 2) host.send(cut(id, 0, at));
    for (let at = 0; at < block.length - 2; at += 7, id += 2) host.sendBytes(cut(id, endStream, at, at, at + 2));
    expect(host.streams.size).toBe((id - 1) / 2);
    for (const { stream } of host.streams.values()) expect(stream.head.fields.at(-1)).toEqual(["x", "y"]);
    expect(host.stream(id - 2).ended).toBe(true);
    expect(host.stream(1).ended).toBe(false);
  });

  it("may have padding and a priority", () => {
    const host = new MemoryHost();
    const priority = Buffer.concat([uint32(0x8000_0003), Buffer.of(15)]);
    host.send(padded(frameType.headers, endHeaders, 1, block, 0));
    host.send(padded(frameType.headers, endHeaders, 3, block, 255));
    host.send(frame(frameType.headers, endHeaders | frameFlag.priority, 5, Buffer.concat([priority, block])));
    host.send(padded(frameType.headers, endHeaders | frameFlag.priority, 7, Buffer.concat([priority, block]), 9));
    expect([...host.streams.values()].map(({ stream }) => stream.head.fields.at(-1))).toEqual(
      Array(4).fill(["x", "y"]),
    );
  });

  it.each<[string, Buffer, string]>([
    ["on stream 0", headers(0), "PROTOCOL_ERROR (HEADERS on a stream that a client cannot open)"],
    ["on an even stream", headers(2), "PROTOCOL_ERROR (HEADERS on a stream that a client cannot open)"],
    [
      "with more padding than it has bytes",
      frame(frameType.headers, endHeaders | frameFlag.padded, 1, Buffer.of(2, 0x82)),
      "PROTOCOL_ERROR (padding as long as its frame)",
    ],
    [
      "with padding and no bytes",
      frame(frameType.headers, endHeaders | frameFlag.padded, 1),
      "PROTOCOL_ERROR (padding as long as its frame)",
    ],
    [
      "with half a priority",
      frame(frameType.headers, endHeaders | frameFlag.priority, 1, Buffer.alloc(4)),
      "PROTOCOL_ERROR (padding as long as its frame)",
    ],
    [
      "that is malformed",
      frame(frameType.headers, endHeaders, 1, Buffer.alloc(10, 0xff)),
      "COMPRESSION_ERROR (a number that is too large)",
    ],
    [
      "that continues without HEADERS",
      frame(frameType.continuation, endHeaders, 1, block),
      "PROTOCOL_ERROR (CONTINUATION behind no HEADERS)",
    ],
    [
      "that continues after its end",
      Buffer.concat([headers(1), frame(frameType.continuation, endHeaders, 1)]),
      "PROTOCOL_ERROR (CONTINUATION behind no HEADERS)",
    ],
    ...[
      data(1),
      headers(1),
      headers(3),
      windowUpdate(0, 1),
      rstStream(1),
      frame(0xff, 0, 0),
      frame(frameType.continuation, 0, 3),
    ].map((between): [string, Buffer, string] => [
      `with a frame of type ${String(between[3])} between`,
      Buffer.concat([frame(frameType.headers, 0, 1, block), between]),
      "PROTOCOL_ERROR (a header block was interrupted)",
    ]),
    [
      "in more than 8 CONTINUATION frames, with nothing in them",
      Buffer.concat([
        frame(frameType.headers, 0, 1, block),
        ...Array.from({ length: 9 }, () => frame(frameType.continuation, 0, 1)),
      ]),
      "Too many CONTINUATION frames following a HEADER frame",
    ],
    [
      "of more than 64 KiB",
      Buffer.concat([
        frame(frameType.headers, 0, 1, Buffer.alloc(16_384)),
        ...Array.from({ length: 4 }, () => frame(frameType.continuation, 0, 1, Buffer.alloc(16_384))),
      ]),
      "Too many CONTINUATION frames following a HEADER frame",
    ],
    [
      "on a stream that has ended",
      Buffer.concat([headers(3), rstStream(3), headers(3)]),
      "STREAM_CLOSED (HEADERS on a stream that is closed)",
    ],
    [
      "on a stream whose identifier was skipped",
      Buffer.concat([headers(5), headers(3)]),
      "STREAM_CLOSED (HEADERS on a stream that is closed)",
    ],
  ])("%s ends the connection", async (_, bytes, text) => {
    const host = new MemoryHost().send(bytes);
    expect(host.end).toEqual({ error: `the host broke HTTP/2: ${text}` });
    expect((await host.frames()).filter(({ type }) => type === frameType.goaway)).toEqual([]);
    const other = new MemoryHost().sendBytes(bytes);
    expect(other.end).toEqual(host.end);
  });

  it("may take 8 CONTINUATION frames", () => {
    const host = new MemoryHost().send(cut(1, 0, 1, 2, 3, 4, 5, 6, 7, 8));
    expect(host.stream(1).stream.head.path).toBe("/store.Store/Mode");
  });
});

describe("a malformed request", () => {
  it.each<[string, Buffer, number]>([
    ["is malformed", headers(1, 0, requestFields(["connection", "close"])), protocolError],
    [
      "depends on itself",
      frame(frameType.headers, endHeaders | frameFlag.priority, 1, Buffer.concat([uint32(1), Buffer.of(0), block])),
      protocolError,
    ],
    [
      "has 257 headers",
      headers(1, 0, requestFields(...Array.from({ length: 251 }, (): [string, string] => ["x", "y"]))),
      enhanceYourCalm,
    ],
    [
      "has more than 64 KiB of headers in a small block",
      frame(
        frameType.headers,
        endHeaders,
        1,
        Buffer.concat([block, Buffer.from("40016b7fa11e", "hex"), Buffer.alloc(4000, 0x61), Buffer.alloc(20, 0xbe)]),
      ),
      enhanceYourCalm,
    ],
  ])("that %s is reset, and the next one is served", async (_, bytes, code) => {
    const host = new MemoryHost().send(bytes, headers(3));
    expect(await resets(host)).toEqual([[1, code]]);
    // Frames in flight of the stream are dropped.
    host.send(data(1, "x"), headers(1, endStream), windowUpdate(1, 5), rstStream(1));
    expect(await resets(host)).toEqual([]);
    expect([...host.streams.keys()]).toEqual([3]);
    expect(host.end).toBeUndefined();
  });

  it("is tolerated a thousand times", async () => {
    const host = new MemoryHost();
    const malformed = requestFields(["connection", "close"]);
    for (let i = 0; i < 1000; i += 1) host.send(headers(2 * i + 1, 0, malformed));
    expect(await resets(host)).toHaveLength(1000);
    expect(host.end).toBeUndefined();
    host.send(headers(2001, 0, malformed));
    expect(host.end).toEqual({ error: "the host broke HTTP/2: Too many invalid HTTP/2 frames" });
  });
});

describe("more calls than allowed (RFC 9113, section 5.1.2)", () => {
  it("are refused one by one, and their data dropped", async () => {
    const host = new MemoryHost();
    for (let i = 0; i < 1030; i += 1) host.send(headers(2 * i + 1));
    expect(host.streams.size).toBe(1024);
    expect(await resets(host)).toEqual([2049, 2051, 2053, 2055, 2057, 2059].map((id) => [id, refusedStream]));
    host.send(data(2049, "x"), data(2049, "", endStream), rstStream(1), headers(2061));
    expect(await resets(host)).toEqual([]);
    expect([host.streams.has(2061), host.end]).toEqual([true, undefined]);
  });

  it("use no memory by the hundred thousand, and reading stops while the host does not read", async () => {
    const host = new MemoryHost();
    for (let i = 0; i < 1024; i += 1) host.send(headers(2 * i + 1));
    await host.frames();
    host.reads = false;
    let id = 2049;
    // 13 bytes each: the outputs fill up eventually.
    while (!host.isPaused && id < 400_000)
      host.send(headers(id), data(id, "", endStream), ((id += 2), Buffer.alloc(0)));
    expect(host.isPaused).toBe(true);
    host.reads = true;
    await host.frames();
    expect([host.isPaused, host.end, host.streams.size]).toEqual([false, undefined, 1024]);
  });
});

describe("trailers", () => {
  it("end the request", () => {
    const host = new MemoryHost().send(headers(1), data(1, "x"), headers(1, endStream, [["a", "b"]]));
    expect(host.stream(1)).toMatchObject({ data: "x", ended: true, cut: undefined });
  });

  it.each<[string, Buffer, number, string]>([
    ["do not end it", headers(1, 0, [["a", "b"]]), protocolError, "trailers that do not end the stream"],
    ["hold a pseudo-header", headers(1, endStream, [[":path", "/"]]), protocolError, ":path in a trailer"],
    [
      "come after its end",
      Buffer.concat([data(1, "", endStream), headers(1, endStream, [["a", "b"]])]),
      streamClosed,
      "the host sent headers behind its end",
    ],
  ])("that %s reset it", async (_, bytes, code, reason) => {
    const host = new MemoryHost().send(headers(1), bytes, headers(3));
    expect(await resets(host)).toEqual([[1, code]]);
    expect(host.stream(1).cut).toBe(reason);
    expect([host.stream(3).cut, host.end]).toEqual([undefined, undefined]);
  });
});
