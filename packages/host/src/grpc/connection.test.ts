import { constants, performServerHandshake, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { fileInfoOf, Mac } from "@kloset/model";
import { importer, store } from "@kloset/protocol/v1.1";
import { PluginConnectionError, PluginContractError, PluginError } from "../errors.js";
import { openImporter, openStorage } from "../open.js";
import { duplexPair } from "@kloset/test-support";
import { failure, serve } from "../testing/serve.js";
import { PluginConnection } from "./connection.js";

const DATA = 0;
const RST_STREAM = 3;
const GOAWAY = 7;
const END_STREAM = 1;
const mac = Mac.fromHex("ab".repeat(32));
const location = { location: "test:///srv" };
const init = (): { origin: string } => ({ origin: "here" });

async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const { length } of content) bytes += length;
  return bytes;
}

describe("responses", () => {
  it.each(["no such state", "", "äöü %20 100%", "x".repeat(20_000)])(
    "fails with exactly this text: %.30j",
    async (text) => {
      const { connection } = await serve("v1.1", store.Store, {
        init,
        open: () => {
          throw failure(text);
        },
      });
      const storage = await openStorage(connection, location);
      await expect(storage.open()).rejects.toThrow(PluginError);
      await expect(storage.open()).rejects.toMatchObject({ message: text, code: 2, path: "/store.Store/Open" });
      connection.close();
    },
  );

  it("accepts a message of just under 4 MiB, and rejects a larger one", async () => {
    let bytes = 4 * 1024 * 1024 - 5;
    const { connection } = await serve("v1.1", store.Store, { init, open: () => ({ config: new Uint8Array(bytes) }) });
    const storage = await openStorage(connection, location);
    expect(await storage.open()).toHaveLength(bytes);
    bytes += 1;
    await expect(storage.open()).rejects.toThrow(PluginContractError);
    await expect(storage.open()).rejects.toThrow("received message larger than max (4194305 vs. 4194304)");
    // The connection remains usable.
    bytes = 1;
    expect(await storage.open()).toHaveLength(1);
    connection.close();
  });

  it("rejects a MAC of another length", async () => {
    const { connection } = await serve("v1.1", store.Store, { init, list: () => ({ macs: [new Uint8Array(31)] }) });
    const storage = await openStorage(connection, location);
    await expect(storage.list("state")).rejects.toThrow("invalid MAC length: 31");
    connection.close();
  });

  it("reports UNIMPLEMENTED for a call that the plugin does not implement", async () => {
    const { connection } = await serve("v1.1", store.Store, { init });
    await expect((await openStorage(connection, location)).size()).rejects.toMatchObject({ code: 12 });
    connection.close();
  });
});

describe("streams", () => {
  // Connect logs responses of calls that were cancelled.
  beforeEach(() => {
    jest.spyOn(console, "error").mockImplementation(() => undefined);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it("are read lazily, with back-pressure", async () => {
    let made = 0;
    const { connection } = await serve("v1.1", store.Store, {
      init,
      async *get() {
        for (; made < 100; made++) yield { chunk: new Uint8Array(1024 * 1024) };
      },
    });
    const storage = await openStorage(connection, location);
    const content = storage.get("packfile", mac)[Symbol.asyncIterator]();
    await content.next();
    // Only flow control prevents the plugin from sending more.
    for (let i = 0; i < 1000; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(made).toBeLessThan(20);
    let bytes = 1024 * 1024;
    for (let next = await content.next(); next.done !== true; next = await content.next()) bytes += next.value.length;
    expect(bytes).toBe(100 * 1024 * 1024);
    connection.close();
  });

  it("wait while the plugin does not read", async () => {
    let release = (): void => undefined;
    const reading = new Promise<void>((resolve) => {
      release = resolve;
    });
    let sent = 0;
    const { connection } = await serve("v1.1", store.Store, {
      init,
      async put(requests) {
        await reading;
        let bytes = 0;
        for await (const { chunk } of requests) bytes += chunk.length;
        return { bytesWritten: BigInt(bytes) };
      },
    });
    const storage = await openStorage(connection, location);
    async function* source(): AsyncGenerator<Uint8Array> {
      for (; sent < 64; sent++) yield new Uint8Array(1024 * 1024);
    }
    const putting = storage.put("packfile", mac, source());
    for (let i = 0; i < 1000; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toBeLessThan(10);
    release();
    expect(await putting).toBe(64 * 1024 * 1024);
    connection.close();
  });

  it("report the error of a plugin that responds before it has read everything", async () => {
    const { connection } = await serve("v1.1", store.Store, {
      init,
      put: () => {
        throw failure("disk full");
      },
    });
    const storage = await openStorage(connection, location);
    let sent = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      for (; sent < 1000; sent++) yield new Uint8Array(1024 * 1024);
    }
    await expect(storage.put("packfile", mac, source())).rejects.toThrow("disk full");
    expect(sent).toBeLessThan(1000);
    connection.close();
  });

  it("are cancelled if the source of a resource fails, so that the plugin keeps nothing", async () => {
    let outcome: Promise<string> | undefined;
    const { connection } = await serve("v1.1", store.Store, {
      init,
      async put(requests) {
        const read = async (): Promise<string> => {
          try {
            for await (const request of requests) expect(request).toBeDefined();
            return "ended well";
          } catch {
            return "cancelled";
          }
        };
        outcome = read();
        await outcome;
        return {};
      },
    });
    const storage = await openStorage(connection, location);
    async function* source(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw new Error("the source broke");
    }
    await expect(storage.put("state", mac, source())).rejects.toThrow("the source broke");
    expect(await storage.identity()).toBeDefined();
    // After another call, the plugin has received the reset of the first.
    await expect(storage.open()).rejects.toThrow();
    expect(await outcome).toBe("cancelled");
    connection.close();
  });

  it.each(["the source fails", "the caller aborts"])(
    "are never half-closed if %s, because a plugin would keep an incomplete resource",
    async (reason) => {
      let arrived = (): void => undefined;
      const waiting = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const { connection, frames } = await serve("v1.1", store.Store, {
        init,
        put: async (requests) => {
          for await (const { chunk } of requests) if (chunk.length > 0) arrived();
          return {};
        },
      });
      const storage = await openStorage(connection, location);
      const abort = new AbortController();
      async function* source(): AsyncGenerator<Uint8Array> {
        yield new Uint8Array(10);
        // Node would half-close only a stream that has nothing left to send.
        await waiting;
        if (reason === "the source fails") throw new Error("broken");
        abort.abort(new Error("broken"));
        yield new Uint8Array(10);
      }
      await expect(storage.put("state", mac, source(), abort.signal)).rejects.toThrow("broken");
      // After another call, everything of the first has been sent.
      await expect(storage.open()).rejects.toThrow();
      const [reset, ...others] = frames().filter(({ type }) => type === RST_STREAM);
      expect(others).toEqual([]);
      const data = frames().filter(({ type, stream }) => type === DATA && stream === reset?.stream);
      expect(data.length).toBeGreaterThan(0);
      expect(data.filter(({ flags }) => (flags & END_STREAM) !== 0)).toEqual([]);
      connection.close();
    },
  );

  it("read a Get to its end if the caller stops, as hosts do", async () => {
    let done = false;
    const { connection } = await serve("v1.1", store.Store, {
      init,
      async *get() {
        for (let i = 0; i < 50; i++) yield { chunk: new Uint8Array(1024 * 1024) };
        done = true;
      },
    });
    const storage = await openStorage(connection, location);
    for await (const chunk of storage.get("packfile", mac)) {
      expect(chunk).toHaveLength(1024 * 1024);
      break;
    }
    expect(done).toBe(true);
    connection.close();
  });

  it("cancel an Open of v1.1 if the caller stops", async () => {
    let cancelled: (value: boolean) => void = () => undefined;
    const outcome = new Promise<boolean>((resolve) => {
      cancelled = resolve;
    });
    const { connection } = await serve("v1.1", importer.Importer, {
      init,
      async *open(_request, context) {
        context.signal.addEventListener("abort", () => {
          cancelled(true);
        });
        for (;;) yield { chunk: new Uint8Array(1024 * 1024) };
      },
    });
    const client = await openImporter(connection, location);
    const record = { target: "", attribute: undefined, extendedAttributes: [], fileAttributes: 0, error: undefined };
    for await (const chunk of client.open({ ...record, pathname: "/f", fileInfo: fileInfoOf() })) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(await outcome).toBe(true);
    connection.close();
  });

  it("reject an empty chunk of content", async () => {
    const { connection } = await serve("v1.1", importer.Importer, {
      init,
      async *open() {
        yield create(importer.OpenResponseSchema);
      },
    });
    const client = await openImporter(connection, location);
    const record = { target: "", attribute: undefined, extendedAttributes: [], fileAttributes: 0, error: undefined };
    const content = client.open({ ...record, pathname: "/f", fileInfo: fileInfoOf() });
    await expect(bytesOf(content)).rejects.toThrow("an empty chunk in the content of /f");
    connection.close();
  });
});

describe("the end of a call", () => {
  /** Connects to a plugin that handles HTTP/2 streams itself. */
  async function connectTo(answer: (stream: ServerHttp2Stream) => void): Promise<PluginConnection> {
    const [transport, plugin] = duplexPair();
    const session = performServerHandshake(plugin);
    session.on("error", () => undefined);
    session.on("stream", (stream: ServerHttp2Stream) => {
      stream.on("error", () => undefined);
      answer(stream);
    });
    return await PluginConnection.open({ transport }, { generation: "v1.1" });
  }

  const respond = (headers: OutgoingHttpHeaders) => (stream: ServerHttp2Stream) => {
    stream.respond(headers, { endStream: true });
  };

  it.each<[string, (stream: ServerHttp2Stream) => void, new (message: string) => Error, string]>([
    ["an HTTP error", respond({ ":status": 503 }), PluginContractError, "HTTP status 503, expected 200"],
    ["no trailers", respond({ ":status": 200 }), PluginContractError, "the plugin ended the call without a status"],
    [
      "a reset",
      (stream) => {
        stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      },
      PluginConnectionError,
      "the plugin reset the call (HTTP/2 error 2)",
    ],
  ])("reports the cause if there is no status: %s", async (_cause, answer, type, text) => {
    const connection = await connectTo(answer);
    const calling = connection.unary(store.Store.method.open, {});
    await expect(calling).rejects.toThrow(type);
    await expect(calling).rejects.toThrow(text);
    connection.close();
  });

  it.each<[string, OutgoingHttpHeaders, { code: number; message: string }]>([
    [
      "a text with a bare percent sign",
      { "grpc-status": "2", "grpc-message": "100% full" },
      { code: 2, message: "100% full" },
    ],
    ["a code that gRPC does not define", { "grpc-status": "99", "grpc-message": "odd" }, { code: 99, message: "odd" }],
    [
      "details with another status",
      { "grpc-status": "2", "grpc-message": "plain", "grpc-status-details-bin": "CAUSAmhp" },
      { code: 2, message: "plain" },
    ],
  ])("reports the status as the plugin sent it: %s", async (_case, headers, expected) => {
    const connection = await connectTo(respond({ ":status": 200, ...headers }));
    const calling = connection.unary(store.Store.method.open, {});
    await expect(calling).rejects.toMatchObject({ name: "PluginError", ...expected });
    connection.close();
  });

  it("rejects a message with unknown flags", async () => {
    const connection = await connectTo((stream) => {
      stream.respond({ ":status": 200 });
      stream.write(Uint8Array.of(2, 0, 0, 0, 0));
    });
    await expect(connection.unary(store.Store.method.open, {})).rejects.toThrow("flags 2");
    connection.close();
  });

  it("closes the stream if the plugin ends the call before the host half-closes it", async () => {
    let ended = (): void => undefined;
    const closed = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const connection = await connectTo((stream) => {
      stream.resume();
      stream.on("close", ended);
      stream.respond({ ":status": 200, "grpc-status": "0" }, { endStream: true });
    });
    expect(await connection.call(importer.Importer.method.import).receive()).toBeUndefined();
    await closed;
    connection.close();
  });
});

describe("the end of a connection", () => {
  it("fails running calls and later ones", async () => {
    const served = await serve("v1.1", store.Store, {
      init,
      open: async () => {
        served.plugin.destroy();
        return await new Promise(() => undefined);
      },
    });
    const storage = await openStorage(served.connection, location);
    await expect(storage.open()).rejects.toThrow(PluginConnectionError);
    await expect(storage.open()).rejects.toThrow("/store.Store/Open: the connection to the plugin has ended");
  });

  it("is independent of aborted calls", async () => {
    const { connection } = await serve("v1.1", store.Store, {
      init,
      open: async () => await new Promise(() => undefined),
    });
    const storage = await openStorage(connection, location);
    const abort = new AbortController();
    const opening = storage.open(abort.signal);
    abort.abort(new Error("enough"));
    await expect(opening).rejects.toThrow("enough");
    await expect(storage.open(abort.signal)).rejects.toThrow("enough");
    expect(await storage.identity()).toMatchObject({ origin: "here" });
    connection.close();
  });

  it("never sends a GOAWAY", async () => {
    const { connection, plugin, frames } = await serve("v1.1", store.Store, { init, close: () => ({}) });
    const storage = await openStorage(connection, location);
    await storage.close();
    const ended = new Promise((resolve) => plugin.once("close", resolve));
    connection.close();
    await ended;
    const types = new Set(frames().map(({ type }) => type));
    expect(types.size).toBeGreaterThan(2);
    expect(types).not.toContain(GOAWAY);
  });

  it("follows if the plugin does not answer in time", async () => {
    const [transport] = duplexPair();
    const opening = PluginConnection.open({ transport }, { generation: "v1.0", startTimeoutMs: 50 });
    await expect(opening).rejects.toThrow("the plugin did not answer within 50 ms of its start");
    expect(transport.destroyed).toBe(true);
  });

  it.each([
    [
      "Hi\n",
      /did not answer within 500 ms .*; it printed on its standard output, which is the connection .*: "Hi\\n"$/,
    ],
    [`Hello from the plugin\n${"x".repeat(300)}`, /^start: .*; it printed on its standard output, .*: "Hello .*x"$/],
  ])("quotes text that the plugin prints instead of HTTP/2: %j", async (text, message) => {
    const [transport, plugin] = duplexPair();
    // The rest of a text may follow: only the time tells that it is short.
    const opening = PluginConnection.open(
      { transport },
      { generation: "v1.1", ...(text.length < 9 && { startTimeoutMs: 500 }) },
    );
    plugin.write(text);
    await expect(opening).rejects.toThrow(message);
    plugin.destroy();
  });
});
