import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import type { IncomingHttpHeaders } from "node:http2";
import type { Serve } from "@kloset/wire/grpc";
import { MAX_STATUS_TEXT_LENGTH, statusText } from "@kloset/wire/grpc";
import { connected } from "./connected.js";
import { envelope, type Call } from "../grpc-client.js";
import { importMethod, servedImporter, servedStore, storeMethods } from "./store-service.js";

const texts: Record<string, string> = {
  plain: 'bucket "photos" does not exist',
  unicode: "der Schlüssel für 写真 📷 fehlt: 100 % \n\t\u0000 end",
  empty: "",
};

/** Tests the statuses that a host receives for failures. */
export function describeErrors(serve: Serve): void {
  describe("errors", () => {
    it.each(Object.keys(texts))("sends a %s text unchanged from calls of all four kinds", async (name) => {
      const text = texts[name] ?? "";
      const { client, server, errors } = connected(
        serve,
        failing(() => new Error(text)),
      );
      const message = text === "" ? "Error" : text;
      expect(await statusesOfAllKinds(client)).toEqual(Array(4).fill({ code: Code.Unknown, message }));
      expect(errors).toEqual([]);
      server.close();
    });

    it.each(["x", " ", "写", "📷"])("sends a text of %j at the maximum length unchanged", async (unit) => {
      const length = encodeURIComponent(unit).length;
      const text = unit.repeat(Math.floor(MAX_STATUS_TEXT_LENGTH / length));
      const { client, server } = connected(
        serve,
        failing(() => new Error(text)),
      );
      expect(await statusesOfAllKinds(client)).toEqual(Array(4).fill({ code: Code.Unknown, message: text }));
      server.close();
    });

    it.each<[string, string]>([
      ["60,000 characters", "x".repeat(60_000)],
      ["a million characters", "é".repeat(1_000_000)],
      ["a lone surrogate", "name \uD83D of"],
    ])("survives a text with %s", async (_, text) => {
      const { client, server } = connected(
        serve,
        failing(() => new Error(text)),
      );
      const message = statusText(new Error(text));
      expect(await statusesOfAllKinds(client)).toEqual(Array(4).fill({ code: Code.Unknown, message }));
      server.close();
    });

    it("encodes only the characters of a text that gRPC requires", async () => {
      const text = 'open "/a/b": 100 %';
      const { client, server } = connected(
        serve,
        failing(() => new Error(text)),
      );
      const encoded = 'open "/a/b": 100 %25';
      expect(await rawMessageOf(client.open(storeMethods.mode))).toBe(encoded);
      expect(await rawMessageOf(client.open(storeMethods.get))).toBe(encoded);
      const unknown = "unknown method No%25Such for service store.Store";
      expect(await rawMessageOf(client.open({ ...storeMethods.mode, name: "No%Such" }))).toBe(unknown);
      server.close();
    });

    it.each<[string, unknown, Code, string]>([
      ["a string", "just text", Code.Unknown, "just text"],
      ["undefined", undefined, Code.Unknown, "the plugin threw undefined"],
      [
        "an error with a gRPC code",
        new ConnectError("Init comes first", Code.FailedPrecondition),
        Code.FailedPrecondition,
        "Init comes first",
      ],
    ])("reports %s when it is thrown", async (_, thrown, code, message) => {
      const { client, server } = connected(
        serve,
        failing(() => thrown),
      );
      expect(await statusesOfAllKinds(client)).toEqual(Array(4).fill({ code, message }));
      server.close();
    });

    it("reports an error in mid-stream after the messages before it", async () => {
      const { client, server } = connected(serve, [
        servedStore({
          async *get() {
            yield { chunk: new Uint8Array(10) };
            throw new Error("the disk went away");
          },
        }),
      ]);
      const { messages, status } = await client.call(storeMethods.get, {});
      expect(messages).toHaveLength(1);
      expect(status).toEqual({ code: Code.Unknown, message: "the disk went away" });
      server.close();
    });

    it("answers a host that is still sending, and stops it", async () => {
      const { client, server } = connected(
        serve,
        failing(() => new Error("read-only")),
      );
      const put = client.open(storeMethods.put);
      await put.send({ chunk: new Uint8Array(100) });
      expect(await put.status).toEqual({ code: Code.Unknown, message: "read-only" });
      expect((await client.call(storeMethods.mode, {})).status.message).toBe("read-only");
      server.close();
    });

    it.each(["request", "response"])("refuses a %s over the limit, and names both sizes", async (side) => {
      const { client, server } = connected(serve, [
        servedStore({
          mode: () => ({ mode: 6 }),
          async put(requests) {
            for await (const request of requests) expect(request).toBeDefined();
            return {};
          },
          open: () => ({ config: new Uint8Array(5 * 1024 * 1024) }),
        }),
      ]);
      let status;
      if (side === "request") {
        const put = client.open(storeMethods.put);
        void put.send({ chunk: new Uint8Array(5 * 1024 * 1024) });
        status = await put.status;
      } else {
        status = (await client.call(storeMethods.open, {})).status;
      }
      expect(status.code).toBe(Code.ResourceExhausted);
      expect(status.message).toMatch(/52428\d\d .*4194304/);
      expect((await client.call(storeMethods.mode, {})).messages).toMatchObject([{ mode: 6 }]);
      server.close();
    });
  });
}

/** Serves methods that throw. */
function failing(error: () => unknown): ReturnType<typeof servedStore>[] {
  const fail = (): never => {
    throw error();
  };
  return [
    servedStore({
      mode: fail,
      async put() {
        return fail();
      },
      // eslint-disable-next-line require-yield
      async *get() {
        fail();
      },
    }),
    servedImporter({ import: fail }),
  ];
}

/** Returns the `grpc-message` of a call, still encoded. */
async function rawMessageOf(call: Call<DescMessage, DescMessage>): Promise<unknown> {
  const messages: unknown[] = [];
  for (const event of ["response", "trailers"] as const) {
    call.stream.on(event, (headers: IncomingHttpHeaders) => {
      if ("grpc-message" in headers) messages.push(headers["grpc-message"]);
    });
  }
  void call.sendBytes(envelope(new Uint8Array(0)));
  await call.halfClose().finish();
  return messages[0];
}

async function statusesOfAllKinds(client: ReturnType<typeof connected>["client"]): Promise<unknown[]> {
  return [
    (await client.call(storeMethods.mode, {})).status,
    (await client.call(storeMethods.put, {})).status,
    (await client.call(storeMethods.get, {})).status,
    (await client.call(importMethod, {})).status,
  ];
}
