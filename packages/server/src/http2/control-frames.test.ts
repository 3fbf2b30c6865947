import { describe, expect, it } from "@jest/globals";
import { errorCode, frameFlag, frameType, setting } from "@kloset/wire/http2";
import { headerBlock, responseHeaders } from "./header-blocks.js";
import {
  data,
  frame,
  headers,
  padded,
  rstStream,
  settings,
  uint32,
  windowUpdate,
  type Frame,
} from "../testing/frames.js";
import { MemoryHost } from "../testing/memory-host.js";

const { endStream, ack } = frameFlag;
const broke = (text: string): { error: string } => ({ error: `the host broke HTTP/2: ${text}` });

async function ofType(host: MemoryHost, type: number): Promise<Frame[]> {
  return (await host.frames()).filter((one) => one.type === type);
}

describe("SETTINGS (RFC 9113, section 6.5)", () => {
  it("are sent before any input, with a larger window for the connection", async () => {
    const host = new MemoryHost({ begins: false });
    const frames = await host.frames();
    expect(frames.map(({ type, flags, stream }) => [type, flags, stream])).toEqual([
      [4, 0, 0],
      [8, 0, 0],
    ]);
    const entries = Array.from({ length: (frames[0]?.payload.length ?? 0) / 6 }, (_, i) => [
      frames[0]?.payload.readUInt16BE(6 * i),
      frames[0]?.payload.readUInt32BE(6 * i + 2),
    ]);
    expect(entries).toEqual([
      [setting.maxConcurrentStreams, 1024],
      [setting.initialWindowSize, 1024 * 1024],
      [setting.maxHeaderListSize, 65_536],
    ]);
    expect(frames[1]?.payload.readUInt32BE()).toBe(16 * 1024 * 1024 - 65_535);
  });

  it("are each acknowledged; unknown ones are ignored", async () => {
    const host = new MemoryHost();
    await host.frames();
    host.send(
      settings(),
      settings([0, 1], [0xffff, 0xffff_ffff]),
      settings([setting.enablePush, 0], [setting.enablePush, 1], [setting.maxFrameSize, 0xff_ffff]),
    );
    expect(await host.frames()).toMatchObject(
      Array.from({ length: 3 }, () => ({ type: 4, flags: ack, stream: 0, payload: { length: 0 } })),
    );
    expect(host.end).toBeUndefined();
  });

  it.each<[string, Buffer, string]>([
    ["on a stream", frame(frameType.settings, 0, 1), "PROTOCOL_ERROR (SETTINGS on a stream)"],
    [
      "with half an entry",
      frame(frameType.settings, 0, 0, Buffer.alloc(7)),
      "FRAME_SIZE_ERROR (SETTINGS with half an entry)",
    ],
    ["with push", settings([setting.enablePush, 2]), "PROTOCOL_ERROR (ENABLE_PUSH is 0 or 1)"],
    [
      "with frames that are too small",
      settings([setting.maxFrameSize, 16_383]),
      "PROTOCOL_ERROR (MAX_FRAME_SIZE of 16383)",
    ],
    [
      "with frames that are too large",
      settings([setting.maxFrameSize, 0x100_0000]),
      "PROTOCOL_ERROR (MAX_FRAME_SIZE of 16777216)",
    ],
    [
      "with more than 32 entries",
      settings(...Array.from({ length: 33 }, () => [setting.initialWindowSize, 1] as const)),
      "SETTINGS: too many setting entries",
    ],
    [
      "acknowledged twice",
      frame(frameType.settings, ack, 0),
      "PROTOCOL_ERROR (an acknowledgement of SETTINGS that were not sent)",
    ],
    [
      "acknowledged with content",
      frame(frameType.settings, ack, 0, Buffer.alloc(6)),
      "FRAME_SIZE_ERROR (an acknowledgement of SETTINGS with content)",
    ],
  ])("%s end the connection", (_, bytes, text) => {
    expect(new MemoryHost().send(bytes).end).toEqual(broke(text));
  });

  it("may have 32 entries", () => {
    expect(
      new MemoryHost().send(settings(...Array.from({ length: 32 }, () => [setting.initialWindowSize, 1] as const))).end,
    ).toBeUndefined();
  });

  it("that allow no header table are acknowledged by the first header block (RFC 7541, section 4.2)", async () => {
    const host = new MemoryHost().send(
      headers(1, endStream),
      headers(3, endStream),
      settings([setting.headerTableSize, 0]),
    );
    for (const id of [1, 3]) host.connection.sendHeaders(host.stream(id).stream, responseHeaders, true);
    const blocks = (await ofType(host, frameType.headers)).map(({ payload }) => payload);
    expect(blocks).toEqual([Buffer.concat([Buffer.of(0x20), responseHeaders]), Buffer.from(responseHeaders)]);
  });

  it("that allow no header table are acknowledged by the next block if the first was never sent", async () => {
    const host = new MemoryHost().send(
      windowUpdate(0, 1_000_000),
      settings([setting.initialWindowSize, 1_000_000], [setting.headerTableSize, 0]),
    );
    host.send(headers(1, endStream), headers(3, endStream), headers(5, endStream));
    await host.frames();
    host.reads = false;
    // Both buffers of the output are full: a long block has to wait.
    host.answer(1, Buffer.alloc(100_000));
    await host.frames();
    host.connection.sendHeaders(host.stream(3).stream, headerBlock([["grpc-message", "x".repeat(80_000)]]), true);
    host.send(rstStream(3));
    host.connection.sendHeaders(host.stream(5).stream, responseHeaders, true);
    host.reads = true;
    expect((await ofType(host, frameType.headers)).map(({ stream, payload }) => [stream, payload])).toEqual([
      [5, Buffer.concat([Buffer.of(0x20), responseHeaders])],
    ]);
  });
});

describe("PING (RFC 9113, section 6.7)", () => {
  it("is answered, and its acknowledgement is not", async () => {
    const host = new MemoryHost();
    await host.frames();
    host
      .send(frame(frameType.ping, 0, 0, Buffer.from("12345678")))
      .sendBytes(frame(frameType.ping, 0xfe, 0, Buffer.from("abcdefgh")));
    host.send(frame(frameType.ping, ack, 0, Buffer.alloc(8)));
    expect(await host.frames()).toMatchObject(
      ["12345678", "abcdefgh"].map((text) => ({ type: 6, flags: ack, stream: 0, payload: Buffer.from(text) })),
    );
  });

  it.each<[string, Buffer, string]>([
    ["on a stream", frame(frameType.ping, 0, 1, Buffer.alloc(8)), "PROTOCOL_ERROR (PING on a stream)"],
    ["of 7 bytes", frame(frameType.ping, 0, 0, Buffer.alloc(7)), "FRAME_SIZE_ERROR (a PING has 8 bytes)"],
    ["of 9 bytes", frame(frameType.ping, ack, 0, Buffer.alloc(9)), "FRAME_SIZE_ERROR (a PING has 8 bytes)"],
  ])("%s ends the connection", (_, bytes, text) => {
    expect(new MemoryHost().send(bytes).end).toEqual(broke(text));
  });

  it.each<[string, Buffer]>([
    ["PING", frame(frameType.ping, 0, 0, Buffer.alloc(8))],
    ["SETTINGS", settings()],
  ])(
    "or SETTINGS: a thousand %s frames may wait for an answer, and any number may follow one another",
    async (_, bytes) => {
      const host = new MemoryHost();
      await host.frames();
      for (let round = 0; round < 5; round += 1) {
        host.send(...Array.from({ length: 1000 }, () => bytes));
        expect(await host.frames()).toHaveLength(1000);
      }
      host.send(...Array.from({ length: 1000 }, () => bytes));
      expect(host.end).toBeUndefined();
      host.send(bytes);
      expect(host.end).toEqual(broke("Flooding was detected: answers that the host does not read"));
    },
  );

  it("is no flood after resets that are still unwritten", async () => {
    const host = new MemoryHost();
    await host.frames();
    host.reads = false;
    // Data in flight when the host cancelled its calls.
    const ids = Array.from({ length: 1000 }, (_, i) => 2 * i + 1);
    host.send(
      ...ids.flatMap((id) => [headers(id), rstStream(id)]),
      ...ids.map((id) => data(id, "late")),
      frame(frameType.ping, 0, 0, Buffer.alloc(8)),
    );
    expect(host.end).toBeUndefined();
  });
});

describe("RST_STREAM (RFC 9113, section 6.4)", () => {
  it("with any code ends its stream, and is not answered", async () => {
    const host = new MemoryHost().send(headers(1), headers(3, endStream), headers(5));
    await host.frames();
    host.send(data(1, "x"), rstStream(1, 0), rstStream(3, 0xffff_ffff), rstStream(1), data(5, "y"));
    expect([1, 3, 5].map((id) => host.stream(id).cut)).toEqual([
      "the host cancelled the call",
      "the host cancelled the call",
      undefined,
    ]);
    expect([host.stream(1).ended, host.stream(5).data, host.end]).toEqual([false, "y", undefined]);
    expect(await host.frames()).toEqual([]);
  });

  it.each<[string, Buffer, string]>([
    ["of stream 0", rstStream(0), "the host reset stream 0, which it has not opened"],
    ["of a stream that is idle", rstStream(7), "the host reset stream 7, which it has not opened"],
    ["of a stream that only this side could open", rstStream(2), "the host reset stream 2, which it has not opened"],
    [
      "of 3 bytes",
      frame(frameType.rstStream, 0, 5, Buffer.alloc(3)),
      "the host sent a RST_STREAM frame of 3 bytes; it has 4",
    ],
  ])("%s ends the connection", (_, bytes, error) => {
    expect(new MemoryHost().send(headers(5), bytes).end).toEqual({ error });
  });

  it("right after its request is tolerated 20,000 times", async () => {
    const host = new MemoryHost();
    await host.frames();
    for (let i = 0; i < 20_000; i += 1) host.send(headers(2 * i + 1), rstStream(2 * i + 1));
    expect([host.end, host.isPaused, await host.frames()]).toEqual([undefined, false, []]);
  });
});

describe("a stream's end", () => {
  it("by both sides is complete; by this side alone it resets the stream with NO_ERROR", async () => {
    const host = new MemoryHost().send(headers(1, endStream), headers(3));
    await host.frames();
    for (const id of [1, 3]) host.connection.sendHeaders(host.stream(id).stream, responseHeaders, true);
    expect((await host.frames()).map(({ type, stream }) => [type, stream])).toEqual([
      [1, 1],
      [1, 3],
      [3, 3],
    ]);
    expect([1, 3].map((id) => host.stream(id).closed)).toEqual([true, true]);
    host.send(data(3, "x"), data(3, "", endStream));
    expect([host.stream(3).data, host.end, await host.frames()]).toEqual(["", undefined, []]);
  });

  it("by this side alone leaves the host time to end it, and drops further data", async () => {
    const host = new MemoryHost().send(headers(1), headers(3));
    await host.frames();
    for (const id of [1, 3]) host.connection.sendHeaders(host.stream(id).stream, responseHeaders, true);
    expect([1, 3].map((id) => host.stream(id).closed)).toEqual([true, true]);
    host.send(data(1, "x"), data(1, "y", endStream), data(3, "z"));
    expect((await host.frames()).map(({ type, stream }) => [type, stream])).toEqual([
      [1, 1],
      [1, 3],
      [3, 3],
    ]);
    expect([1, 3].map((id) => host.stream(id))).toMatchObject([
      { data: "", ended: false, cut: undefined },
      { data: "", ended: false, cut: undefined },
    ]);
    host.send(frame(frameType.rstStream, 0, 1, uint32(0)));
    expect(host.end).toBeUndefined();
  });

  it("by a reset of this side does not call the handler", async () => {
    const host = new MemoryHost().send(headers(1));
    await host.frames();
    for (let i = 0; i < 2; i += 1) host.connection.reset(host.stream(1).stream, errorCode.internalError);
    expect(await host.frames()).toMatchObject([{ type: 3, stream: 1, payload: Buffer.of(0, 0, 0, 2) }]);
    expect(host.stream(1)).toMatchObject({ cut: undefined, closed: false });
  });

  it("comes first to the stream with the most unread bytes", async () => {
    const host = new MemoryHost().send(headers(1), headers(3), headers(5));
    await host.frames();
    const MiB = 1024 * 1024;
    for (const [id, bytes] of [
      [1, 40],
      [3, 50],
      [5, 6],
    ] as const) {
      host.stream(id).unreadBytes = bytes * MiB;
      host.stream(id).onCut = () => {
        host.connection.unread(-bytes * MiB);
      };
      host.connection.unread(bytes * MiB);
    }
    expect(await host.frames()).toEqual([]);
    host.connection.unread(1);
    expect(await host.frames()).toMatchObject([
      { type: 3, stream: 3, payload: Buffer.of(0, 0, 0, errorCode.enhanceYourCalm) },
    ]);
  });
});

describe("GOAWAY from the host (RFC 9113, section 6.8)", () => {
  it.each([0, 1, 2, 0x7fff_ffff])(
    "that names stream %d has no effect: calls continue, and new ones begin",
    async (last) => {
      const host = new MemoryHost().send(headers(1));
      await host.frames();
      host.send(
        frame(frameType.goaway, 0, 0, Buffer.concat([uint32(last), uint32(2), Buffer.from("bye")])),
        data(1, "x", endStream),
        headers(3),
      );
      expect(host.stream(1)).toMatchObject({ data: "x", ended: true, cut: undefined });
      expect([host.streams.has(3), host.end, await host.frames()]).toEqual([true, undefined, []]);
    },
  );

  it.each<[string, Buffer, string]>([
    ["on a stream", frame(frameType.goaway, 0, 1, Buffer.alloc(8)), "PROTOCOL_ERROR (GOAWAY on a stream)"],
    ["of 7 bytes", frame(frameType.goaway, 0, 0, Buffer.alloc(7)), "FRAME_SIZE_ERROR (a GOAWAY has 8 bytes, at least)"],
  ])("%s ends the connection", (_, bytes, text) => {
    expect(new MemoryHost().send(bytes).end).toEqual(broke(text));
  });
});

describe("PRIORITY (RFC 9113, section 6.3)", () => {
  const priority = (stream: number, dependsOn: number): Buffer =>
    frame(frameType.priority, 0, stream, Buffer.concat([uint32(dependsOn), Buffer.of(1)]));

  it("is ignored on any stream, any number of times", async () => {
    const host = new MemoryHost().send(headers(1));
    await host.frames();
    const many = Buffer.concat(Array.from({ length: 1000 }, (_, j) => priority(j + 1, 0x8000_0000)));
    for (let i = 0; i < 100; i += 1) host.send(many);
    expect([host.end, host.stream(1).cut, await host.frames()]).toEqual([undefined, undefined, []]);
  });

  it.each<[string, Buffer]>([
    ["of 4 bytes", frame(frameType.priority, 0, 1, Buffer.alloc(4))],
    ["that depends on itself", priority(1, 0x8000_0001)],
  ])("%s resets its stream, or ends the connection if the stream is idle", async (_, bytes) => {
    const host = new MemoryHost().send(headers(1), bytes);
    expect((await host.frames()).filter(({ type }) => type === frameType.rstStream)).toMatchObject([{ stream: 1 }]);
    expect(host.end).toBeUndefined();
    // An idle stream cannot be reset (section 6.4).
    const idle = new MemoryHost().send(bytes);
    expect(idle.end?.error).toMatch(/^the host broke HTTP\/2: /);
    expect((await idle.frames()).filter(({ type }) => type === frameType.rstStream)).toEqual([]);
  });

  it("on stream 0 ends the connection", () => {
    expect(new MemoryHost().send(priority(0, 1)).end).toEqual(broke("PROTOCOL_ERROR (PRIORITY on stream 0)"));
  });
});

describe("other frames", () => {
  it("of unknown types are ignored (section 5.5), and a push is refused (section 8.4)", async () => {
    const host = new MemoryHost().send(headers(1));
    await host.frames();
    const many = Buffer.concat(Array.from({ length: 100 }, (_, j) => frame(10 + j, 0xff, j, Buffer.alloc(j))));
    for (let i = 0; i < 1000; i += 1) host.send(many);
    expect([host.end, host.stream(1).cut, await host.frames()]).toEqual([undefined, undefined, []]);
    host.send(frame(frameType.pushPromise, frameFlag.endHeaders, 1, uint32(2)));
    expect(host.end).toEqual(broke("PROTOCOL_ERROR (a client cannot push)"));
  });

  it("are no longer read when the connection has ended", async () => {
    const host = new MemoryHost().send(headers(1), rstStream(9), headers(3), padded(0, 0, 1, "x", 3));
    expect([...host.streams.keys()]).toEqual([1]);
    host.connection.sendHeaders(host.stream(1).stream, responseHeaders, true);
    expect(host.answer(1, "x").done).toBe(1);
    expect(await ofType(host, frameType.headers)).toEqual([]);
  });
});
