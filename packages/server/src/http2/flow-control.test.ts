import { describe, expect, it } from "@jest/globals";
import { errorCode, frameFlag, frameType, MAX_WINDOW, setting } from "@kloset/wire/http2";
import { responseHeaders } from "./header-blocks.js";
import { data, frame, headers, rstStream, settings, windowUpdate, type Frame } from "../testing/frames.js";
import { MemoryHost } from "../testing/memory-host.js";

const { endStream } = frameFlag;

function contentOf(frames: readonly Frame[], stream: number): number {
  return frames
    .filter((one) => one.type === frameType.data && one.stream === stream)
    .reduce((sum, { payload }) => sum + payload.length, 0);
}

function endsOf(frames: readonly Frame[]): number[] {
  return frames
    .filter(({ type, flags }) => type <= frameType.headers && (flags & endStream) !== 0)
    .map(({ stream }) => stream);
}

const initialWindow = (value: number): Buffer => settings([setting.initialWindowSize, value]);
const large = Buffer.alloc(200_000, 7);

describe("what may be sent (RFC 9113, sections 5.2 and 6.9)", () => {
  it("is 65,535 bytes at first, and then grows with the windows to the byte", async () => {
    const host = new MemoryHost().send(headers(1, endStream));
    const sent = host.answer(1, Buffer.alloc(65_540), true);
    expect(contentOf(await host.frames(), 1)).toBe(65_535);
    host.send(windowUpdate(1, 100));
    expect(await host.frames()).toEqual([]);
    for (let i = 0; i < 4; i += 1) {
      host.send(windowUpdate(0, 1));
      expect(await host.frames()).toMatchObject([
        { type: frameType.data, stream: 1, flags: 0, payload: { length: 1 } },
      ]);
    }
    expect(sent.done).toBe(0);
    host.send(windowUpdate(0, 1));
    expect(endsOf(await host.frames())).toEqual([1]);
    expect(sent.done).toBe(1);
    expect(host.stream(1).closed).toBe(true);
  });

  it("is nothing while the initial window is 0; headers and an empty end need none", async () => {
    const host = new MemoryHost().send(initialWindow(0), headers(1, endStream), headers(3, endStream));
    await host.frames();
    host.connection.sendHeaders(host.stream(1).stream, responseHeaders, false);
    host.answer(1, "hello", true);
    host.connection.sendHeaders(host.stream(3).stream, responseHeaders, false);
    host.answer(3, "", true);
    expect((await host.frames()).map(({ type, stream }) => [type, stream])).toEqual([
      [1, 1],
      [1, 3],
      [0, 3],
    ]);
    host.send(windowUpdate(1, 5));
    expect(await host.frames()).toMatchObject([
      { type: frameType.data, stream: 1, flags: endStream, payload: Buffer.from("hello") },
    ]);
  });

  it("changes by SETTINGS for open streams too, and may be negative (section 6.9.2)", async () => {
    const host = new MemoryHost().send(windowUpdate(0, 1_000_000), headers(1, endStream));
    host.answer(1, large, true);
    expect(contentOf(await host.frames(), 1)).toBe(65_535);
    // -35,535 now.
    host.send(initialWindow(30_000));
    host.send(windowUpdate(1, 35_535));
    expect(contentOf(await host.frames(), 1)).toBe(0);
    host.send(windowUpdate(1, 1));
    expect(contentOf(await host.frames(), 1)).toBe(1);
    host.send(initialWindow(30_010));
    expect(contentOf(await host.frames(), 1)).toBe(10);
    host.send(initialWindow(1_000_000));
    expect(contentOf(await host.frames(), 1)).toBe(200_000 - 65_535 - 11);
  });

  it("is sent after the acknowledgement of the SETTINGS that allow it (section 6.5.3)", async () => {
    const host = new MemoryHost().send(initialWindow(0), headers(1, endStream));
    host.answer(1, "hello", true);
    await host.frames();
    host.send(initialWindow(3), initialWindow(1));
    expect((await host.frames()).map(({ type, payload }) => [type, payload.length])).toEqual([
      [4, 0],
      [4, 0],
      [0, 1],
    ]);
  });

  it("of one stream waits for its own window only: others continue", async () => {
    const host = new MemoryHost().send(windowUpdate(0, 1_000_000), headers(1, endStream), headers(3, endStream));
    host.answer(1, large, true);
    host.answer(3, large, true);
    await host.frames();
    host.send(windowUpdate(3, 1_000_000));
    const frames = await host.frames();
    expect([contentOf(frames, 1), contentOf(frames, 3), endsOf(frames)]).toEqual([0, 200_000 - 65_535, [3]]);
    expect([host.stream(1).closed, host.stream(3).closed]).toEqual([false, true]);
  });

  it("is shared among streams that wait for the connection's window", async () => {
    const host = new MemoryHost().send(initialWindow(1_000_000));
    const ids = [1, 3, 5, 7];
    for (const id of ids) host.send(headers(id, endStream));
    for (const id of ids) host.answer(id, large, true);
    await host.frames();
    host.send(windowUpdate(0, 8 * 16_384));
    const frames = await host.frames();
    for (const id of ids) expect(contentOf(frames, id)).toBe(2 * 16_384);
  });

  it("is offered to all streams once, however many updates arrive together", async () => {
    const host = new MemoryHost().send(initialWindow(0));
    for (let i = 0; i < 1000; i += 1) host.send(headers(2 * i + 1, endStream));
    for (let i = 0; i < 1000; i += 1) host.answer(2 * i + 1, "x", true);
    await host.frames();
    host.send(initialWindow(1), ...Array.from({ length: 3000 }, () => windowUpdate(0, 1)));
    expect(endsOf(await host.frames())).toHaveLength(1000);
  });

  it("shares one frame for small messages, and takes frames of 16,384 bytes for large ones", async () => {
    const host = new MemoryHost().send(headers(1, endStream), headers(3, endStream));
    await host.frames();
    for (const text of ["a", "b", "c"]) host.answer(1, text);
    expect((await host.frames()).map(({ stream, payload }) => [stream, payload.length])).toEqual([[1, 3]]);
    host.answer(3, Buffer.alloc(40_000));
    expect((await host.frames()).map(({ stream, payload }) => [stream, payload.length])).toEqual([
      [3, 16_384],
      [3, 16_384],
      [3, 7232],
    ]);
  });

  it("never grows a frame that was sent, even if one of the same length took its place", async () => {
    const host = new MemoryHost().send(headers(1, endStream));
    await host.frames();
    // As long as the answer to a PING. There are two buffers of output.
    host.answer(1, "12345678");
    await host.frames();
    host.send(frame(frameType.ping, 0, 0, Buffer.alloc(8)));
    await host.frames();
    host.send(frame(frameType.ping, 0, 0, Buffer.alloc(8)));
    host.answer(1, "x");
    expect((await host.frames()).map(({ type, payload }) => [type, payload.length])).toEqual([
      [frameType.ping, 8],
      [frameType.data, 1],
    ]);
  });

  it("is nothing once the stream is reset; a waiting sender is released", async () => {
    const host = new MemoryHost().send(headers(1, endStream));
    const sent = host.answer(1, large, true);
    await host.frames();
    host.send(rstStream(1));
    expect([sent.done, host.stream(1).cut]).toEqual([1, "the host cancelled the call"]);
    host.send(windowUpdate(1, 1_000_000), windowUpdate(0, 1_000_000));
    expect(await host.frames()).toEqual([]);
    expect(host.answer(1, "x").done).toBe(1);
  });

  it("waits while the host does not read, and counts as backlog", async () => {
    const host = new MemoryHost().send(initialWindow(10_000_000), windowUpdate(0, 10_000_000), headers(1, endStream));
    await host.frames();
    host.reads = false;
    const sent = host.answer(1, Buffer.alloc(2_000_000), true);
    expect(contentOf(await host.frames(), 1)).toBeLessThan(1_000_000);
    expect(host.connection.backlogBytes).toBe(2_000_000);
    host.reads = true;
    await host.frames();
    expect([sent.done, host.connection.backlogBytes, host.stream(1).closed]).toEqual([1, 0, true]);
  });
});

describe("WINDOW_UPDATE (RFC 9113, section 6.9)", () => {
  it.each<[string, Buffer, string]>([
    [
      "of 3 bytes",
      frame(frameType.windowUpdate, 0, 0, Buffer.alloc(3)),
      "FRAME_SIZE_ERROR (a WINDOW_UPDATE has 4 bytes)",
    ],
    ["of 0", windowUpdate(0, 0), "PROTOCOL_ERROR (a window update of 0)"],
    ["of 0 and the reserved bit", windowUpdate(0, 0x8000_0000), "PROTOCOL_ERROR (a window update of 0)"],
    ["to more than 2^31-1", windowUpdate(0, MAX_WINDOW - 65_534), "FLOW_CONTROL_ERROR (a window that overflows)"],
    [
      "twice, to more than 2^31-1",
      Buffer.concat([windowUpdate(0, MAX_WINDOW), windowUpdate(0, MAX_WINDOW)]),
      "FLOW_CONTROL_ERROR (a window that overflows)",
    ],
    ["of a stream that is idle", windowUpdate(3, 1), "PROTOCOL_ERROR (WINDOW_UPDATE on a stream that is idle)"],
    [
      "of a stream that only this side could open",
      windowUpdate(2, 1),
      "PROTOCOL_ERROR (WINDOW_UPDATE on a stream that is idle)",
    ],
    [
      "by SETTINGS, to more than 2^31-1",
      initialWindow(0x8000_0000),
      "FLOW_CONTROL_ERROR (INITIAL_WINDOW_SIZE of 2147483648)",
    ],
    [
      "of a stream, by SETTINGS",
      Buffer.concat([windowUpdate(1, 1), initialWindow(MAX_WINDOW)]),
      "FLOW_CONTROL_ERROR (a window that overflows)",
    ],
  ])("%s ends the connection", async (_, bytes, text) => {
    const host = new MemoryHost().send(headers(1), bytes);
    expect(host.end).toEqual({ error: `the host broke HTTP/2: ${text}` });
    expect((await host.frames()).filter(({ type }) => type === frameType.goaway)).toEqual([]);
  });

  it.each<[string, number, number]>([
    ["of 0", 0, errorCode.protocolError],
    ["to more than 2^31-1", MAX_WINDOW - 65_534, errorCode.flowControlError],
  ])("of a stream, %s, resets the stream alone", async (_, increment, code) => {
    const host = new MemoryHost().send(headers(1), headers(3), windowUpdate(1, increment));
    const resets = (await host.frames()).filter(({ type }) => type === frameType.rstStream);
    expect(resets).toMatchObject([{ stream: 1, payload: Buffer.of(0, 0, 0, code) }]);
    expect([host.stream(1).cut === undefined, host.stream(3).cut, host.end]).toEqual([false, undefined, undefined]);
  });

  it("may reach 2^31-1, and is ignored for a closed stream", () => {
    const host = new MemoryHost().send(
      headers(1),
      windowUpdate(0, MAX_WINDOW - 65_535),
      windowUpdate(1, MAX_WINDOW - 65_535),
    );
    host.send(rstStream(1), windowUpdate(1, MAX_WINDOW), windowUpdate(1, 0));
    expect(host.end).toBeUndefined();
  });

  it("is tolerated a hundred thousand times", () => {
    const host = new MemoryHost().send(headers(1));
    const many = Buffer.concat(
      Array.from({ length: 500 }, () => Buffer.concat([windowUpdate(0, 1), windowUpdate(1, 1)])),
    );
    for (let i = 0; i < 100; i += 1) host.send(many);
    host.send(data(1, "x"));
    expect([host.stream(1).data, host.end]).toEqual(["x", undefined]);
  });
});
