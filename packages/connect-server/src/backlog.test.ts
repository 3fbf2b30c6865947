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
