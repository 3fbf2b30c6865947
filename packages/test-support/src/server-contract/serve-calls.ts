import type { DescMessage } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http2";
import type { Serve } from "@kloset/wire/grpc";
import { connected } from "./connected.js";
import { importMethod, servedImporter, servedStore, storeMethods } from "./store-service.js";

/** Tests calls of all four kinds, and which services answer them. */
export function describeCalls(serve: Serve): void {
  describe("calls", () => {
    it("answers calls of all four kinds", async () => {
      const { client, server } = connected(serve, [
        servedStore({
          mode: () => ({ mode: 6 }),
          async *get() {
            yield { chunk: new Uint8Array(3) };
            yield { chunk: new Uint8Array(1024 * 1024).fill(7) };
          },
          async put(requests) {
            let bytesWritten = 0n;
            for await (const { chunk } of requests) bytesWritten += BigInt(chunk.length);
            return { bytesWritten };
          },
        }),
        servedImporter({
          async *import(requests) {
            for await (const { result } of requests) yield { record: { pathname: result?.error ?? "" } };
          },
        }),
      ]);
      const mode = await client.call(storeMethods.mode, {});
      expect(mode.messages).toMatchObject([{ mode: 6 }]);
      expect(mode.status).toEqual({ code: 0, message: "" });

      const get = await client.call(storeMethods.get, {});
      expect(get.messages.map(({ chunk }) => chunk.length)).toEqual([3, 1024 * 1024]);
      expect(get.messages[1]?.chunk.every((byte) => byte === 7)).toBe(true);
      expect(get.status.code).toBe(0);

      const put = client.open(storeMethods.put);
      await put.send({ mac: new Uint8Array(32) });
      await put.send({ chunk: new Uint8Array(1024 * 1024) });
      expect((await put.halfClose().finish()).messages).toMatchObject([{ bytesWritten: 1024n * 1024n }]);

      const both = client.open(importMethod);
      const answers = both.messages();
      for (const error of ["one", "two"]) {
        await both.send({ result: { error } });
        expect((await answers.next()).value).toMatchObject({ record: { pathname: error } });
      }
      both.halfClose();
      expect((await answers.next()).done).toBe(true);
      expect((await both.status).code).toBe(0);
      server.close();
    });

    it.each(["99999999H", "5S"])("runs a call with a deadline of %s", async (timeout) => {
      const { client, server } = connected(serve, [
        servedStore({
          async mode(_, { signal }) {
            // Outlasts a timer with a delay beyond Node's limit, which would fire after 1 ms.
            await new Promise((resolve) => setTimeout(resolve, 20));
            signal.throwIfAborted();
            return { mode: 6 };
          },
        }),
      ]);
      const mode = client.open(storeMethods.mode, { "grpc-timeout": timeout });
      await mode.send({});
      expect((await mode.halfClose().finish()).status).toEqual({ code: 0, message: "" });
      server.close();
    });

    it.each(["-1S", "5", "soon", "123456789S", ""])(
      "refuses the invalid deadline %j before a unary or streaming call begins",
      async (timeout) => {
        let begun = 0;
        const { client, server } = connected(serve, [
          servedStore({
            mode: () => ({ mode: (begun += 1) }),
            put: (requests) => {
              begun += 1;
              // Errors of an implementation have another code than a refusal.
              return drained(requests).catch((error: unknown) => Promise.reject(new Error(String(error))));
            },
          }),
        ]);
        for (const method of [storeMethods.mode, storeMethods.put]) {
          const call = client.open<DescMessage, DescMessage>(method, { "grpc-timeout": timeout });
          void call.send({});
          expect((await call.halfClose().finish()).status).toEqual({
            code: 3,
            message: `protocol error: invalid grpc timeout value: ${timeout}`,
          });
        }
        expect(begun).toBe(0);
        server.close();
      },
    );

    it.each([
      ["GET", "application/grpc", 405],
      ["CONNECT", "application/grpc", 405],
      ["POST", "application/json", 415],
      ["POST", "application/grpc+json", 415],
      ["POST", "application/grpc-web", 415],
      ["POST", undefined, 415],
      ["POST", "application/grpc+proto", 200],
      ["POST", "application/grpc;charset=utf-8", 200],
    ])(
      "answers %s with content type %s with HTTP status %d, whether the path is served or not",
      async (method, contentType, status) => {
        const { client, server } = connected(serve, [servedStore({ mode: () => ({ mode: 6 }) })]);
        const { host, ...head } = {
          host: "127.0.0.1:0",
          ":method": method,
          ...(contentType !== undefined && { "content-type": contentType }),
        };
        for (const path of ["/store.Store/Mode", "/no.Service/Mode"]) {
          const stream = client.session.request(
            method === "CONNECT" ? { ...head, ":authority": host } : { ...head, ":path": path },
          );
          stream
            .on("error", () => undefined)
            .resume()
            .end();
          const [answer] = (await once(stream, "response")) as [IncomingHttpHeaders];
          expect(answer[":status"]).toBe(status);
        }
        server.close();
      },
    );

    it("answers a stream that ends without a message", async () => {
      const { client, server } = connected(serve, [servedStore({ async *get() {} })]);
      expect(await client.call(storeMethods.get, {})).toEqual({
        messages: [],
        status: { code: 0, message: "" },
      });
      server.close();
    });

    it("names the kind of connector that the host asked for, and unknown methods in the wording of grpc-go", async () => {
      const { client, server } = connected(serve, [servedStore({})]);
      expect((await client.call(importMethod, {})).status).toMatchObject({
        code: 12,
        message: "this plugin is a storage; the host asked for an importer",
      });
      const unknown = { ...storeMethods.mode, name: "Nothing" };
      expect((await client.call(unknown, {})).status).toMatchObject({
        code: 12,
        message: "unknown method Nothing for service store.Store",
      });
      expect((await client.call(storeMethods.mode, {})).status.code).toBe(12);
      server.close();
    });

    it("chooses the services once, by the first request", async () => {
      const asked: unknown[] = [];
      const { client, server } = connected(serve, (first) => {
        asked.push(first);
        return [servedStore({ mode: () => ({ mode: asked.length }) })];
      });
      const mode = client.open(storeMethods.mode, { "user-agent": "grpc-go/1.77.0" });
      await mode.send({});
      expect((await mode.halfClose().finish()).messages).toMatchObject([{ mode: 1 }]);
      expect((await client.call(storeMethods.mode, {})).messages).toMatchObject([{ mode: 1 }]);
      expect(asked).toEqual([{ path: "/store.Store/Mode", userAgent: "grpc-go/1.77.0" }]);
      server.close();
    });

    it("answers every call with the error of choosing the services", async () => {
      let asked = 0;
      const { client, server } = connected(serve, () => {
        asked += 1;
        throw new Error('KLOSET_PROTOCOL is "v9"');
      });
      for (let call = 0; call < 2; call += 1) {
        expect((await client.call(storeMethods.mode, {})).status).toMatchObject({
          code: 2,
          message: 'KLOSET_PROTOCOL is "v9"',
        });
      }
      expect(asked).toBe(1);
      server.close();
    });
  });
}

async function drained(requests: AsyncIterable<unknown>): Promise<Record<string, never>> {
  const iterator = requests[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
  return {};
}
