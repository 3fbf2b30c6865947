import { Writable, type Duplex } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { Backlog } from "./backlog.js";
import { MAX_BACKLOG_BYTES } from "@kloset/wire/http2";

const never = new AbortController().signal;

/** A connection whose host reads only when the test calls `written`. */
class SlowConnection extends Writable {
  written: (() => void) | undefined;
  override _write(_chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.written = callback;
  }
}

function stuck(): { connection: SlowConnection; backlog: Backlog; sent: () => void } {
  const connection = new SlowConnection();
  const backlog = new Backlog(connection as unknown as Duplex);
  connection.write("an answer");
  return { connection, backlog, sent: backlog.add(MAX_BACKLOG_BYTES) };
}

async function isWaiting(promise: Promise<void>): Promise<boolean> {
  let waiting = true;
  void promise.then(() => (waiting = false));
  await setImmediate();
  return waiting;
}

describe("Backlog", () => {
  it("has room while the backlog is small or the host reads", async () => {
    const connection = new SlowConnection();
    const backlog = new Backlog(connection as unknown as Duplex);
    expect(await isWaiting(backlog.room(never))).toBe(false);
    backlog.add(MAX_BACKLOG_BYTES);
    expect(await isWaiting(backlog.room(never))).toBe(false);
    connection.write("an answer");
    expect(await isWaiting(backlog.room(never))).toBe(true);
  });

  it("starts eight calls per turn of the event loop, in order, and aborted ones at once", async () => {
    const backlog = new Backlog(new SlowConnection() as unknown as Duplex);
    const controller = new AbortController();
    const started: number[] = [];
    const starts = Array.from({ length: 20 }, async (_, call) => {
      await backlog.start(call === 19 ? controller.signal : new AbortController().signal);
      started.push(call);
    });
    controller.abort();
    // Promises settle within a turn.
    for (let i = 0; i < 10; i += 1) await Promise.resolve();
    expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 19]);
    await Promise.all(starts);
    expect(started.slice(9)).toEqual([8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
  });

  it.each<[string, (parts: ReturnType<typeof stuck>, controller: AbortController) => void]>([
    [
      "the host reads",
      ({ connection, backlog }) => {
        connection.written?.();
        backlog.recheck();
      },
    ],
    [
      "a response has been sent",
      ({ sent }) => {
        sent();
      },
    ],
    [
      "the connection ends",
      ({ connection }) => {
        connection.destroy();
      },
    ],
    [
      "the call is aborted",
      (_, controller) => {
        controller.abort();
      },
    ],
  ])("resumes a call when %s", async (_, go) => {
    const parts = stuck();
    const controller = new AbortController();
    const room = parts.backlog.room(controller.signal);
    parts.backlog.recheck();
    expect(await isWaiting(room)).toBe(true);
    go(parts, controller);
    await room;
  });
});
