import { describe, expect, it } from "@jest/globals";
import { constants } from "node:http2";
import { setImmediate } from "node:timers/promises";
import type { Serve } from "@kloset/wire/grpc";
import { connected } from "./connected.js";
import { aborted, deferred } from "../deferred.js";
import { servedStore, storeMethods } from "./store-service.js";

const KiB = 1024;
const chunk = new Uint8Array(64 * KiB);

/** Waits until a count has not changed for 200 turns of the event loop, and returns it. */
async function settled(count: () => number): Promise<number> {
  let last = -1;
  for (let still = 0; still < 200; still += 1) {
    if (count() !== last) still = 0;
    last = count();
    await setImmediate();
  }
  return last;
}

/** Tests back-pressure and cancellation. */
export function describeFlow(serve: Serve): void {
  describe("flow", () => {
    it("pauses an implementation while its host does not read", async () => {
      let made = 0;
      const { client, server } = connected(serve, [
        servedStore({
          async *get() {
            while (made < 400) {
              made += 1;
              yield { chunk };
            }
          },
        }),
      ]);
      const get = client.open(storeMethods.get);
      void get.send({});
      get.halfClose();
      const bound = await settled(() => made);
      expect(bound).toBeGreaterThan(0);
      expect(bound).toBeLessThan(40);
      const { messages, status } = await get.finish();
      expect(messages).toHaveLength(400);
      expect(status.code).toBe(0);
      server.close();
    });

    it("pauses a host while its implementation does not read", async () => {
      const go = deferred();
      const { client, server } = connected(serve, [
        servedStore({
          mode: () => ({ mode: 6 }),
          async put(requests) {
            await go.promise;
            let bytesWritten = 0n;
            for await (const request of requests) bytesWritten += BigInt(request.chunk.length);
            return { bytesWritten };
          },
        }),
      ]);
      const put = client.open(storeMethods.put);
      let sent = 0;
      const total = 400;
      const sending = (async () => {
        for (; sent < total; sent += 1) await put.send({ chunk });
        put.halfClose();
      })();
      const bound = await settled(() => sent);
      expect(bound).toBeGreaterThan(0);
      // The stream's window is 4 MiB: 64 chunks.
      expect(bound).toBeLessThan(80);
      // A call that does not read must not block the others.
      expect((await client.call(storeMethods.mode, {})).messages).toMatchObject([{ mode: 6 }]);
      go.resolve();
      expect((await put.finish()).messages).toMatchObject([{ bytesWritten: BigInt(total * chunk.length) }]);
      await sending;
      server.close();
    });

    it.each<[string, (signal: AbortSignal) => AsyncGenerator<{ chunk: Uint8Array }>]>([
      [
        "yields without end",
        async function* () {
          for (;;) yield { chunk };
        },
      ],
      [
        "yields small messages without end",
        async function* () {
          for (;;) yield { chunk: new Uint8Array(1) };
        },
      ],
      [
        "waits for its signal",
        async function* (signal) {
          yield { chunk };
          await aborted(signal);
          yield { chunk };
        },
      ],
    ])("ends an implementation that %s when the host cancels", async (_, generate) => {
      const ended = deferred();
      const { client, server, errors } = connected(serve, [
        servedStore({
          mode: () => ({ mode: 6 }),
          async *get(_request, { signal }) {
            try {
              yield* generate(signal);
            } finally {
              ended.resolve();
            }
          },
        }),
      ]);
      const get = client.open(storeMethods.get);
      void get.send({});
      get.halfClose();
      await get.messages().next();
      get.reset(constants.NGHTTP2_CANCEL);
      await ended.promise;
      expect((await client.call(storeMethods.mode, {})).messages).toMatchObject([{ mode: 6 }]);
      expect(errors).toEqual([]);
      server.close();
    });

    it("aborts a call that waits forever, and continues to serve", async () => {
      const started = deferred<AbortSignal>();
      const { client, server } = connected(serve, [
        servedStore({
          mode: () => ({ mode: 6 }),
          // eslint-disable-next-line require-yield
          async *get(_request, { signal }) {
            started.resolve(signal);
            await new Promise(() => undefined);
          },
        }),
      ]);
      const get = client.open(storeMethods.get);
      void get.send({});
      get.halfClose();
      const signal = await started.promise;
      get.reset(constants.NGHTTP2_CANCEL);
      await aborted(signal);
      expect((await client.call(storeMethods.mode, {})).messages).toMatchObject([{ mode: 6 }]);
      server.close();
    });

    it("answers 500 calls at once", async () => {
      const all = deferred();
      let running = 0;
      const { client, server } = connected(serve, [
        servedStore({
          async *get() {
            running += 1;
            if (running === 500) all.resolve();
            await all.promise;
            yield { chunk };
          },
        }),
      ]);
      const results = await Promise.all(Array.from({ length: 500 }, () => client.call(storeMethods.get, {})));
      expect(results.every(({ messages, status }) => messages.length === 1 && status.code === 0)).toBe(true);
      server.close();
    });

    it("survives more resets than nghttp2 allows", async () => {
      let ended = 0;
      const { client, server, errors } = connected(serve, [
        servedStore({
          mode: () => ({ mode: 6 }),
          async *get(_request, { signal }) {
            yield { chunk: new Uint8Array(1) };
            await aborted(signal);
            ended += 1;
          },
        }),
      ]);
      for (let round = 0; round < 30; round += 1) {
        const calls = Array.from({ length: 50 }, () => client.open(storeMethods.get));
        for (const call of calls) void call.send({});
        await Promise.all(
          calls.map(async (call) => {
            await call.halfClose().messages().next();
            call.reset(constants.NGHTTP2_CANCEL);
            await call.status;
          }),
        );
      }
      expect((await client.call(storeMethods.mode, {})).messages).toMatchObject([{ mode: 6 }]);
      expect(ended).toBe(1500);
      expect(errors).toEqual([]);
      server.close();
    });

    it("does not start a call that is reset right after its first message", async () => {
      const { client, server, errors } = connected(serve, [servedStore({ mode: () => ({ mode: 6 }) })]);
      const calls = Array.from({ length: 10 }, () => client.open(storeMethods.get));
      for (const call of calls) {
        void call.send({});
        call.reset(constants.NGHTTP2_CANCEL);
      }
      await Promise.all(calls.map((call) => call.status));
      expect((await client.call(storeMethods.mode, {})).messages).toMatchObject([{ mode: 6 }]);
      expect(errors).toEqual([]);
      server.close();
    });
  });
}
