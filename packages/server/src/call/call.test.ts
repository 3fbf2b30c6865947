import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import type { Services } from "@kloset/wire/grpc";
import { PushStream } from "@kloset/wire/grpc";
import { errorCode, frameFlag, frameType, MAX_BACKLOG_BYTES, setting } from "@kloset/wire/http2";
import { deferred } from "@kloset/test-support";
import { servedStore } from "@kloset/test-support/server-contract";
import type { ChannelEvents } from "../io/channel.js";
import { serveChannel } from "../framed-server.js";
import { CONTENT_BYTES } from "../limits.js";
import {
  beginning,
  data,
  headers,
  readFrames,
  requestFields,
  rstStream,
  settings,
  uint32,
  windowUpdate,
  type Frame,
} from "../testing/frames.js";

const { endStream } = frameFlag;
const LARGEST = 16 * 1024 * 1024;
const emptyMessage = Buffer.alloc(5);

/** An in-memory host of a server. */
class Host {
  readonly server;
  /** False for a host that stops reading. */
  reads = true;
  #events: ChannelEvents | undefined;
  readonly #sent: Buffer[] = [];

  constructor(services: Services) {
    this.server = serveChannel(
      {
        contentBytes: CONTENT_BYTES,
        start: (events) => (this.#events = events),
        write: (bytes, written) => {
          this.#sent.push(Buffer.from(bytes));
          if (this.reads) queueMicrotask(written);
        },
        pause: () => undefined,
        resume: () => undefined,
        close: () => this.#events?.onClose(),
      },
      { services, maxMessageBytes: 2 * LARGEST },
    );
    // No window for content: it waits, and the output does not fill up with it.
    this.send(beginning, settings([setting.initialWindowSize, 0]));
  }

  send(...parts: readonly Uint8Array[]): void {
    this.#events?.onBytes(Buffer.concat(parts));
  }

  /** Begins a call of the storage service. */
  call(stream: number, method: string, ...more: readonly (readonly [string, string])[]): void {
    const path = `/store.Store/${method}`;
    this.send(
      headers(
        stream,
        0,
        requestFields(...more).map(([name, value]) => [name, name === ":path" ? path : value]),
      ),
    );
  }

  /** Waits a few turns of the event loop, until pending work is done. */
  async turns(): Promise<void> {
    for (let i = 0; i < 5; i += 1) await nextTurn();
  }

  frames(type: number): Frame[] {
    return readFrames(Buffer.concat(this.#sent)).filter((frame) => frame.type === type);
  }
}

/** Returns "sent", or the message of the error. */
async function outcomeOf(sending: () => Promise<void> | undefined): Promise<string> {
  try {
    await sending();
    return "sent";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("a call that waits for the host to read the answers of others", () => {
  it("ends when the host cancels it, even if the host reads nothing", async () => {
    let calls = 0;
    const ends: string[] = [];
    const others = Math.ceil(MAX_BACKLOG_BYTES / LARGEST);
    const othersHaveAnswered = deferred();
    const host = new Host([
      servedStore({
        get: () =>
          new PushStream(async (send) => {
            const call = (calls += 1);
            // The first call answers last, with little content.
            if (call === 1) await othersHaveAnswered.promise;
            ends.push(`${call}: ${await outcomeOf(() => send({ chunk: new Uint8Array(call === 1 ? 1 : LARGEST) }))}`);
          }),
      }),
    ]);
    host.reads = false;
    for (let call = 0; call <= others; call += 1) {
      host.call(2 * call + 1, "Get");
      host.send(data(2 * call + 1, emptyMessage, endStream));
    }
    await host.turns();
    host.send(windowUpdate(1, 1000));
    othersHaveAnswered.resolve();
    await host.turns();
    expect([calls, ends]).toEqual([1 + others, []]);
    host.send(rstStream(1));
    await host.turns();
    expect(ends).toEqual(["1: the host cancelled the call"]);
    host.server.close();
  });
});

describe("a call whose deadline passes", () => {
  it("ends even if the host takes no content and a status would wait behind it", async () => {
    const end = deferred<string>();
    const host = new Host([
      servedStore({
        get: () =>
          new PushStream(async (send) => {
            end.resolve(await outcomeOf(() => send({ chunk: new Uint8Array(1000) })));
          }),
      }),
    ]);
    host.call(1, "Get", ["grpc-timeout", "20m"]);
    host.send(data(1, emptyMessage, endStream));
    expect(await end.promise).toBe("the operation timed out");
    await host.turns();
    expect(host.frames(frameType.rstStream)).toMatchObject([
      { stream: 1, payload: Buffer.of(0, 0, 0, errorCode.cancel) },
    ]);
    host.server.close();
  });
});

describe("a unary call", () => {
  it("ends at a second request, even if the host never half-closes it", async () => {
    const host = new Host([servedStore({ mode: () => ({ mode: 6 }) })]);
    host.call(1, "Mode");
    host.send(data(1, emptyMessage));
    await host.turns();
    expect(host.frames(frameType.headers)).toEqual([]);
    host.send(data(1, emptyMessage));
    await host.turns();
    const trailers = host.frames(frameType.headers).map(({ payload }) => payload.toString("latin1"));
    expect(trailers).toEqual([expect.stringContaining("received extra input message for unary method")]);
    host.server.close();
  });
});

describe("an upload", () => {
  it("gets no more than its initial window until its first message is taken", async () => {
    const turn = deferred();
    const host = new Host([
      servedStore({
        async put(requests) {
          await turn.promise;
          for await (const request of requests) expect(request).toBeDefined();
          return { bytesWritten: 0n };
        },
      }),
    ]);
    const message = Buffer.alloc(5);
    const large = Buffer.concat([Buffer.from([0]), uint32(600_000 - 5), Buffer.alloc(600_000 - 5)]);
    // A field of unknown number 15, of which the rest of the message is the value.
    large.set([0x7a, ...varint(600_000 - 5 - 4)], 5);
    host.call(1, "Put");
    host.send(data(1, message));
    for (let at = 0; at < large.length; at += 16_000) host.send(data(1, large.subarray(at, at + 16_000)));
    await host.turns();
    const granted = (): number =>
      host
        .frames(frameType.windowUpdate)
        .filter(({ stream }) => stream === 1)
        .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
    expect(granted()).toBe(0);
    turn.resolve();
    await host.turns();
    expect(granted()).toBe(600_005);
    host.server.close();
  });
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
