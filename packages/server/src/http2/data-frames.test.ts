import { describe, expect, it } from "@jest/globals";
import { errorCode, frameFlag, frameType } from "@kloset/wire/http2";
import { responseHeaders } from "./header-blocks.js";
import { data, frame, headers, padded, requestFields, rstStream } from "../testing/frames.js";
import { MemoryHost } from "../testing/memory-host.js";

const { endStream } = frameFlag;
const { protocolError, streamClosed, flowControlError } = errorCode;

async function resets(host: MemoryHost): Promise<[stream: number, code: number][]> {
  return (await host.frames())
    .filter(({ type }) => type === frameType.rstStream)
    .map(({ stream, payload }) => [stream, payload.readUInt32BE()]);
}

describe("DATA (RFC 9113, section 6.1)", () => {
  it("reaches its stream in order, with and without padding, however it is chunked", () => {
    const frames = [
      headers(1),
      headers(3),
      data(1, "one "),
      padded(frameType.data, 0, 3, "other", 255),
      padded(frameType.data, 0, 1, "two ", 0),
      padded(frameType.data, 0, 1, "", 3),
      data(1, "three", endStream),
      padded(frameType.data, endStream, 3, "", 7),
    ];
    for (const host of [new MemoryHost().send(...frames), new MemoryHost().sendBytes(...frames)]) {
      expect(host.stream(1)).toMatchObject({ data: "one two three", ended: true });
      expect(host.stream(3)).toMatchObject({ data: "other", ended: true });
    }
  });

  it.each<[string, Buffer, string]>([
    ["on stream 0", data(0, "x"), "PROTOCOL_ERROR (DATA on stream 0)"],
    ["on a stream that is idle", data(3, "x"), "PROTOCOL_ERROR (DATA on a stream that is idle)"],
    ["on a stream that only this side could open", data(2, "x"), "PROTOCOL_ERROR (DATA on a stream that is idle)"],
    [
      "with padding as long as its frame",
      frame(frameType.data, frameFlag.padded, 1, Buffer.of(3, 0, 0)),
      "PROTOCOL_ERROR (padding as long as its frame)",
    ],
    [
      "with padding and no bytes",
      frame(frameType.data, frameFlag.padded, 1),
      "PROTOCOL_ERROR (padding as long as its frame)",
    ],
  ])("%s ends the connection", (_, bytes, text) => {
    for (const host of [new MemoryHost().send(headers(1), bytes), new MemoryHost().sendBytes(headers(1), bytes)]) {
      expect(host.end).toEqual({ error: `the host broke HTTP/2: ${text}` });
      expect(host.stream(1).cut).toBe("the connection to the host has ended");
    }
  });

  it("after the end of a stream resets it with STREAM_CLOSED", async () => {
    const host = new MemoryHost().send(headers(1, endStream), data(1, "x"), headers(3));
    expect(await resets(host)).toEqual([[1, streamClosed]]);
    expect(host.stream(1)).toMatchObject({ data: "", ended: true, cut: "the host sent data behind its end" });
    expect(host.stream(3).cut).toBeUndefined();
  });

  it("on a closed stream is answered with STREAM_CLOSED, as often as the host reads", async () => {
    const host = new MemoryHost().send(headers(1), rstStream(1), data(1, "x"));
    expect(await resets(host)).toEqual([[1, streamClosed]]);
    // From then on, the reset is remembered.
    host.send(data(1, "x"));
    expect(await resets(host)).toEqual([]);
    const ids = Array.from({ length: 3000 }, (_, i) => 2 * i + 3);
    host.send(...ids.map((id) => Buffer.concat([headers(id), rstStream(id)])), ...ids.map((id) => data(id, "x")));
    expect(await resets(host)).toHaveLength(1000);
    host.send(headers(9001, endStream));
    expect([host.end, host.stream(9001).ended]).toEqual([undefined, true]);
  });

  it.each<[string, Buffer]>([
    ["empty", data(1)],
    ["nothing but padding", padded(frameType.data, 0, 1, "", 10)],
  ])("that is %s is tolerated a thousand times", (_, bytes) => {
    const host = new MemoryHost().send(headers(1));
    for (let i = 0; i < 1000; i += 1) host.send(bytes);
    expect(host.end).toBeUndefined();
    host.send(bytes);
    expect(host.end).toEqual({ error: "the host broke HTTP/2: Too many invalid HTTP/2 frames" });
  });

  it("that is empty once per call is no flood", async () => {
    const host = new MemoryHost();
    for (let id = 1; id < 4000; id += 2) {
      host.send(headers(id), data(id), data(id, "", endStream));
      host.connection.sendHeaders(host.stream(id).stream, responseHeaders, true);
      await host.frames();
    }
    expect([host.end, host.stream(3999).closed]).toEqual([undefined, true]);
  });
});

describe("content-length (RFC 9113, section 8.1.1)", () => {
  const five = headers(1, 0, requestFields(["content-length", "5"]));

  it.each<[string, Buffer[]]>([
    ["one frame", [data(1, "12345", endStream)]],
    ["several frames", [data(1, "123"), padded(frameType.data, 0, 1, "45", 9), data(1, "", endStream)]],
    ["frames and trailers", [data(1, "12345"), headers(1, endStream, [["a", "b"]])]],
  ])("matches %s", (_, frames) => {
    const host = new MemoryHost().send(five, ...frames);
    expect(host.stream(1)).toMatchObject({ data: "12345", ended: true, cut: undefined });
  });

  it.each<[string, Buffer[], string]>([
    ["more, in one frame", [data(1, "123456", endStream)], "more data than content-length"],
    ["more, in several", [data(1, "12345"), data(1, "6")], "more data than content-length"],
    ["less", [data(1, "1234", endStream)], "less data than content-length"],
    ["less, and trailers", [data(1, "1234"), headers(1, endStream, [["a", "b"]])], "less data than content-length"],
    ["nothing", [data(1, "", endStream)], "less data than content-length"],
  ])("that does not match %s resets the stream", async (_, frames, reason) => {
    for (const host of [new MemoryHost().send(five, ...frames), new MemoryHost().sendBytes(five, ...frames)]) {
      expect(await resets(host)).toEqual([[1, protocolError]]);
      expect(host.stream(1)).toMatchObject({ ended: false, cut: reason });
    }
  });

  it("of a request without content is 0, or the request is reset", async () => {
    const host = new MemoryHost().send(
      headers(1, endStream, requestFields(["content-length", "0"])),
      headers(3, endStream, requestFields(["content-length", "1"])),
    );
    expect(host.stream(1).ended).toBe(true);
    expect(await resets(host)).toEqual([[3, protocolError]]);
  });
});

describe("what the host may send (RFC 9113, section 6.9)", () => {
  const window = 1024 * 1024;
  const piece = Buffer.alloc(16_384, 1);

  it("is a window for each stream, with its padding; the next byte resets the stream alone", async () => {
    const host = new MemoryHost().send(headers(1), headers(3));
    for (let sent = 0; sent < window - 16_384; sent += 16_384) host.send(data(1, piece));
    host.send(data(3, "x"), data(1, piece));
    expect([host.stream(1).cut, host.stream(1).data.length]).toEqual([undefined, window]);
    host.send(data(1, "x"));
    expect(host.stream(1).cut).toBe("the host has sent more than it may");
    expect(host.stream(3)).toMatchObject({ data: "x", cut: undefined });
    expect(await resets(host)).toEqual([[1, flowControlError]]);
    expect(host.end).toBeUndefined();
  });

  it("grows in large steps as bytes are credited; padding is credited at once", async () => {
    const host = new MemoryHost().send(headers(1));
    await host.frames();
    const { stream } = host.stream(1);
    for (let sent = 0; sent < 262_144; sent += 16_384) host.send(data(1, piece));
    host.connection.credit(stream, 262_143);
    expect((await host.frames()).filter(({ type }) => type === frameType.windowUpdate)).toEqual([]);
    host.connection.credit(stream, 1);
    expect(await host.frames()).toMatchObject([
      { type: frameType.windowUpdate, stream: 1, payload: Buffer.of(0, 4, 0, 0) },
    ]);
    for (let sent = 0; sent < 1024; sent += 1) host.send(padded(frameType.data, 0, 1, "x", 255));
    expect(stream.credit).toBe(1024 * 256 - 262_144);
    expect(await host.frames()).toMatchObject([{ type: frameType.windowUpdate, stream: 1 }]);
  });

  it("grows for the connection on arrival, even without a reader; exceeding it ends the connection", async () => {
    const host = new MemoryHost();
    for (let i = 0; i < 100; i += 1) {
      host.send(headers(2 * i + 1));
      for (let sent = 0; sent < window; sent += 16_384) host.send(data(2 * i + 1, piece));
    }
    expect(host.end).toBeUndefined();
    const grown = (await host.frames()).filter(({ type, stream }) => type === frameType.windowUpdate && stream === 0);
    expect(grown.length).toBeGreaterThan(90);
  });
});
