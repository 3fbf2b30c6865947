import { toBinary, create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { constants } from "node:http2";
import { setImmediate } from "node:timers/promises";
import type { Serve } from "@kloset/wire/grpc";
import { connected, type Connected } from "./connected.js";
import { aborted, deferred } from "../deferred.js";
import { frameType } from "@kloset/wire/http2";
import { frame, rstStream } from "../frames.js";
import { envelope, type Call } from "../grpc-client.js";
import { importMethod, servedImporter, servedStore, storeMethods } from "./store-service.js";

const cuts: Record<string, (connection: Connected, stream: number) => void> = {
  "a reset with NO_ERROR": ({ far }, stream) => far.write(rstStream(stream, constants.NGHTTP2_NO_ERROR)),
  "a reset with CANCEL": ({ far }, stream) => far.write(rstStream(stream, constants.NGHTTP2_CANCEL)),
  "a reset with INTERNAL_ERROR": ({ far }, stream) => far.write(rstStream(stream, constants.NGHTTP2_INTERNAL_ERROR)),
  // Node's own client cancels a call like this.
  "a half-close followed by a reset": ({ far }, stream) => {
    far.write(
      Buffer.concat([frame(frameType.data, 1, stream, new Uint8Array(0)), rstStream(stream, constants.NGHTTP2_CANCEL)]),
    );
  },
  "the end of the connection": ({ far }) => far.destroy(),
  "the half-close of the connection": ({ far }) => far.end(),
  "close()": ({ server }) => {
    server.close();
  },
};

/** The requests as the implementation saw them. */
interface Seen {
  readonly outcome: "ended" | "threw";
  readonly received: number;
  readonly signal: AbortSignal;
}

/** Waits for some turns of the event loop, so that everything that follows from a cut has happened. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
}

/** Tests that a request stream that was cut off never looks complete: it would be stored as a whole packfile. */
export function describeCutRequests(serve: Serve): void {
  describe.each(Object.keys(cuts))("a request stream cut off by %s", (name) => {
    describe.each(["client-streaming", "bidirectional"] as const)("in a %s call", (kind) => {
      it.each(["between messages", "within a message", "while the implementation is busy"])(
        "throws to the implementation: %s",
        async (where) => {
          const seen = deferred<Seen>();
          const first = deferred();
          const watch = async (requests: AsyncIterable<unknown>, signal: AbortSignal): Promise<void> => {
            let received = 0;
            try {
              for await (const request of requests) {
                expect(request).toBeDefined();
                received += 1;
                first.resolve();
                if (where === "while the implementation is busy") await aborted(signal).then(turns);
              }
              seen.resolve({ outcome: "ended", received, signal });
            } catch {
              seen.resolve({ outcome: "threw", received, signal });
            }
          };
          const connection = connected(serve, [
            servedStore({
              async put(requests, { signal }) {
                await watch(requests, signal);
                return {};
              },
            }),
            servedImporter({
              // eslint-disable-next-line require-yield
              async *import(requests, { signal }) {
                await watch(requests, signal);
              },
            }),
          ]);
          const call: Call<never, never> = connection.client.open(
            (kind === "bidirectional" ? importMethod : storeMethods.put) as never,
          );
          const message = envelope(toBinary(storeMethods.put.input, create(storeMethods.put.input)));
          await call.sendBytes(message);
          await first.promise;
          // A prefix and two of the nine bytes that it announces.
          if (where === "within a message") await call.sendBytes(Buffer.from([0, 0, 0, 0, 9, 1, 2]));
          cuts[name]?.(connection, call.stream.id ?? 0);
          const { outcome, received, signal } = await seen.promise;
          expect(outcome).toBe("threw");
          expect(received).toBe(1);
          await aborted(signal);
          connection.server.close();
          await connection.server.closed;
          expect(connection.errors).toEqual([]);
        },
      );
    });

    it("aborts an implementation that reads no requests", async () => {
      const started = deferred<AbortSignal>();
      const connection = connected(serve, [
        servedStore({
          put(_requests, { signal }) {
            started.resolve(signal);
            return new Promise(() => undefined);
          },
        }),
      ]);
      const put = connection.client.open(storeMethods.put);
      await put.send({});
      const signal = await started.promise;
      cuts[name]?.(connection, put.stream.id ?? 0);
      await aborted(signal);
      connection.server.close();
      await connection.server.closed;
    });
  });

  describe("a request stream that ends in the middle of a message", () => {
    it.each([3, 5, 7])("throws to the implementation after %d bytes of it", async (length) => {
      const seen = deferred<Seen>();
      const connection = connected(serve, [
        servedStore({
          async put(requests, { signal }) {
            let received = 0;
            try {
              for await (const request of requests) {
                expect(request).toBeDefined();
                received += 1;
              }
              seen.resolve({ outcome: "ended", received, signal });
            } catch (error) {
              seen.resolve({ outcome: "threw", received, signal });
              throw error;
            }
            return {};
          },
        }),
      ]);
      const put = connection.client.open(storeMethods.put);
      await put.send({ mac: new Uint8Array(32) });
      await put.sendBytes(Buffer.from([0, 0, 0, 0, 9, 1, 2]).subarray(0, length));
      expect((await put.halfClose().finish()).status).toEqual({
        code: 3,
        message: "the request ended in the middle of a message",
      });
      expect(await seen.promise).toMatchObject({ outcome: "threw", received: 1 });
      connection.server.close();
    });
  });
}
