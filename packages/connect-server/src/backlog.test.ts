import { Writable, type Duplex } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { Backlog } from "./backlog.js";
import { MAX_BACKLOG_BYTES } from "@kloset/wire/http2";

const never = new AbortController().signal;

/** A connection whose host reads when the test says so. */
class SlowWire extends Writable {
  written: (() => void) | undefined;
  override _write(_chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.written = callback;
  }
}

function stuck(): { wire: SlowWire; backlog: Backlog; sent: () => void } {
  const wire = new SlowWire();
  const backlog = new Backlog(wire as unknown as Duplex);
  wire.write("an answer");
  return { wire, backlog, sent: backlog.add(MAX_BACKLOG_BYTES) };
}

async function isWaiting(promise: Promise<void>): Promise<boolean> {
  let waiting = true;
  void promise.then(() => (waiting = false));
  await setImmediate();
  return waiting;
}

describe("Backlog", () => {
  it("has room while little waits, or while the host reads", async () => {
    const wire = new SlowWire();
    const backlog = new Backlog(wire as unknown as Duplex);
    expect(await isWaiting(backlog.room(never))).toBe(false);
    backlog.add(MAX_BACKLOG_BYTES);
    expect(await isWaiting(backlog.room(never))).toBe(false);
    wire.write("an answer");
    expect(await isWaiting(backlog.room(never))).toBe(true);
  });

  it.each<[string, (parts: ReturnType<typeof stuck>, controller: AbortController) => void]>([
    [
      "the host reads",
      ({ wire, backlog }) => {
        wire.written?.();
        backlog.look();
      },
    ],
    [
      "an answer has gone out",
      ({ sent }) => {
        sent();
      },
    ],
    [
      "the connection ends",
      ({ wire }) => {
        wire.destroy();
      },
    ],
    [
      "the call is aborted",
      (_, controller) => {
        controller.abort();
      },
    ],
  ])("lets a call go on when %s", async (_, go) => {
    const parts = stuck();
    const controller = new AbortController();
    const room = parts.backlog.room(controller.signal);
    parts.backlog.look();
    expect(await isWaiting(room)).toBe(true);
    go(parts, controller);
    await room;
  });
});
