import { describe, expect, it } from "@jest/globals";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Serve } from "@kloset/wire/grpc";
import { connected, type Connected } from "./connected.js";
import { deferred } from "../deferred.js";
import { frameType } from "@kloset/wire/http2";
import { frame, frameTypes, goaway, rstStream } from "../frames.js";
import { servedStore, storeMethods } from "./store-service.js";

const modes = [servedStore({ mode: () => ({ mode: 6 }) })];

/** Tests the beginning and the end of a connection. */
export function describeConnection(serve: Serve): void {
  describe("connection", () => {
    it.each<[string, (connection: Connected) => void]>([
      [
        "close()",
        ({ server }) => {
          server.close();
        },
      ],
      ["the end of the input", ({ far }) => void far.end()],
      ["the loss of the peer", ({ far }) => void far.destroy()],
      [
        "the client's GOAWAY",
        ({ client }) => {
          client.session.close();
        },
      ],
      [
        "the client's GOAWAY with an error",
        ({ client }) => {
          client.session.destroy(undefined, 2);
        },
      ],
      ["a GOAWAY that names a stream of the client", ({ far }) => void far.end(goaway(1, 0))],
    ])("ends on %s without a GOAWAY or an error, and leaves no listener behind", async (_, end) => {
      const connection = connected(serve, modes);
      await connection.client.call(storeMethods.mode, {});
      end(connection);
      expect(await connection.server.closed).toBeUndefined();
      expect(frameTypes(connection.sent())).not.toContain(frameType.goaway);
      expect(connection.errors).toEqual([]);
      if (!connection.near.closed) await new Promise((resolve) => connection.near.once("close", resolve));
      expect(connection.near.destroyed).toBe(true);
      expect(leftover(connection)).toEqual({});
    });

    it.each<[string, Buffer]>([
      ["a PING", frame(frameType.ping, 0, 0, Buffer.alloc(8))],
      ["a reset", rstStream(99, 8)],
      ["a GOAWAY", goaway(0, 0)],
      ["a PRIORITY", frame(frameType.priority, 0, 99, Buffer.alloc(5))],
      ["a frame of an unknown type", frame(0xee, 0, 99, Buffer.alloc(5))],
    ])("ends with an error on %s within a header block", async (_, within) => {
      const { client, far, server, errors } = connected(serve, modes);
      await client.call(storeMethods.mode, {});
      far.write(Buffer.concat([frame(frameType.headers, 0, 99, Buffer.from([0x83])), within]));
      const error = await server.closed;
      expect(error?.message).toMatch(/^the host broke HTTP\/2: .*protocol.error/i);
      expect(errors).toEqual([error]);
    });

    it("finishes running calls after the client's GOAWAY", async () => {
      const go = deferred();
      const running = deferred();
      const { client, far, server, errors } = connected(serve, [
        servedStore({
          async mode() {
            running.resolve();
            await go.promise;
            return { mode: 6 };
          },
        }),
      ]);
      const call = client.call(storeMethods.mode, {});
      await running.promise;
      far.write(goaway(1, 0));
      go.resolve();
      expect((await call).messages).toMatchObject([{ mode: 6 }]);
      expect(errors).toEqual([]);
      server.close();
    });

    it("ends immediately while calls are running", async () => {
      const running = deferred();
      const { client, far, server } = connected(serve, [
        servedStore({
          mode() {
            running.resolve();
            return new Promise(() => undefined);
          },
        }),
      ]);
      const call = client.call(storeMethods.mode, {});
      await running.promise;
      far.end();
      await server.closed;
      await call;
    });

    it("reports an error without a GOAWAY when the peer speaks another protocol", async () => {
      const connection = connected(serve, modes);
      connection.client.session.destroy();
      const other = connected(serve, modes);
      other.far.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(4));
      expect([await other.server.closed]).toEqual(other.errors);
      expect(other.errors.length).toBe(1);
      expect(frameTypes(other.sent())).not.toContain(frameType.goaway);
    });

    it("answers all PINGs and SETTINGS, which grpc-go sends constantly", async () => {
      const { client, server, sent, errors } = connected(serve, modes);
      const ping = (): Promise<void> =>
        new Promise((resolve, reject) => {
          client.session.ping((error) => {
            if (error === null) resolve();
            else reject(error);
          });
        });
      const grow = (initialWindowSize: number): Promise<void> =>
        new Promise((resolve) => {
          client.session.settings({ initialWindowSize }, () => {
            resolve();
          });
        });
      await client.call(storeMethods.mode, {});
      for (let round = 0; round < 300; round += 1) {
        await Promise.all(Array.from({ length: 10 }, ping));
        if (round % 10 === 0) await grow(65_535 + round);
      }
      expect((await client.call(storeMethods.mode, {})).messages).toMatchObject([{ mode: 6 }]);
      expect(frameTypes(sent()).filter((type) => type === frameType.ping)).toHaveLength(3000);
      expect(errors).toEqual([]);
      server.close();
    });

    it.each([0, 1, 2, 3])("leaks no memory when the host goes %d turns after a call has begun", async (turns) => {
      const held = await servedFor(serve, turns);
      setFlagsFromString("--expose-gc");
      const collect = runInNewContext("gc") as () => void;
      // Some objects are only freed by a later collection.
      for (let i = 0; i < 20 && held.deref() !== undefined; i++) {
        await nextTurn();
        collect();
      }
      expect(held.deref()).toBeUndefined();
    });

    it("can be closed twice", async () => {
      const { server } = connected(serve, modes);
      server.close();
      await server.closed;
      server.close();
      await server.closed;
    });
  });
}

/**
 * Serves a call whose response is still being written when the host goes.
 *
 * @param turns - Turns of the event loop before the host goes.
 * @returns A reference to an object that the connection keeps alive.
 */
async function servedFor(serve: Serve, turns: number): Promise<WeakRef<object>> {
  const running = deferred();
  const { client, far, server, errors } = connected(serve, [
    servedStore({
      async *get(_request, { signal }) {
        running.resolve();
        for (let i = 0; i < 20 && !signal.aborted; i++) yield await Promise.resolve({ chunk: Buffer.alloc(1) });
      },
    }),
  ]);
  const call = client.call(storeMethods.get, {});
  await running.promise;
  for (let i = 0; i < turns; i++) await nextTurn();
  far.destroy();
  await server.closed;
  await call;
  return new WeakRef(errors);
}

/** Counts the listeners that are left on the server's end of the duplex. */
function leftover({ near }: Connected): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const event of near.eventNames()) counts[String(event)] = near.listenerCount(event);
  return counts;
}
