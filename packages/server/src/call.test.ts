import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { PushStream } from "@kloset/grpc";
import { maxBacklogBytes, setting } from "@kloset/connection/serving";
import { deferred } from "../../connection/dist/testing/deferred.js";
import { servedStore } from "../../connection/dist/testing/store-service.js";
import type { ChannelEvents } from "./channel.js";
import { serveChannel } from "./framed-server.js";
import { beginning, data, headers, requestFields, rstStream, settings, windowUpdate } from "./testing/frames.js";

const endStream = 1;
const largest = 16 * 1024 * 1024;
const emptyMessage = Buffer.alloc(5);
const get = requestFields().map(([name, value]): [string, string] => [name, name === ":path" ? "/store.Store/Get" : value]);

describe("a call that waits until the host has read what others have answered", () => {
  it("ends when the host cancels it, though the host still reads nothing", async () => {
    let host: ChannelEvents | undefined;
    let calls = 0;
    const ends: string[] = [];
    const others = Math.ceil(maxBacklogBytes / largest);
    const othersHaveAnswered = deferred();
    const server = serveChannel(
      {
        start: (events) => (host = events),
        // Nothing is ever read.
        write: () => undefined,
        pause: () => undefined,
        resume: () => undefined,
        close: () => host?.onClose(),
      },
      {
        services: [
          servedStore({
            get: () =>
              new PushStream(async (send) => {
                const call = (calls += 1);
                // The first one answers last, and little.
                if (call === 1) await othersHaveAnswered.promise;
                try {
                  await send({ chunk: new Uint8Array(call === 1 ? 1 : largest) });
                  ends.push(`${String(call)}: sent`);
                } catch (error) {
                  ends.push(`${String(call)}: ${error instanceof Error ? error.message : String(error)}`);
                  throw error;
                }
              }),
          }),
        ],
        maxMessageBytes: 2 * largest,
      },
    );
    const turns = async (): Promise<void> => {
      for (let i = 0; i < 5; i += 1) await nextTurn();
    };
    // No window for their content: it waits, and the output does not fill up with it.
    host?.onBytes(Buffer.concat([beginning, settings([setting.initialWindowSize, 0])]));
    for (let call = 0; call <= others; call += 1) {
      host?.onBytes(Buffer.concat([headers(2 * call + 1, 0, get), data(2 * call + 1, emptyMessage, endStream)]));
    }
    await turns();
    host?.onBytes(windowUpdate(1, 1000));
    othersHaveAnswered.resolve();
    await turns();
    expect([calls, ends]).toEqual([1 + others, []]);
    host?.onBytes(rstStream(1));
    await turns();
    expect(ends).toEqual(["1: the host cancelled the call"]);
    server.close();
  });
});
