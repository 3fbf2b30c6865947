/**
 * Requests that no host of Plakar's sends: each is answered with a text that
 * says what is wrong, nothing of it is kept, and the connection works on.
 */
import { once } from "node:events";
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { USER_AGENTS } from "@kloset/host";
import { exporter, store } from "@kloset/protocol/v1.1";
import { endFixturesAfterEach, generations, startProcess, type RunningProcess } from "./testing/fixture.js";
import { message } from "./testing/raw-frames.js";

endFixturesAfterEach();

/** How a call ended, as far as the host can see. */
interface Outcome {
  http?: number;
  status?: number;
  text?: string;
}

const nothing = Buffer.alloc(0);
/** A field of a protobuf message with up to 127 bytes. */
const field = (number: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
const mac = Buffer.alloc(32, 1);
const notUtf8 = Buffer.from("n\xe4me", "latin1");
const config = { location: "faulty:///there" };
const init = {
  store: Buffer.from(toBinary(store.InitRequestSchema, create(store.InitRequestSchema, { proto: "faulty", config }))),
  exporter: Buffer.from(
    toBinary(exporter.InitRequestSchema, create(exporter.InitRequestSchema, { proto: "faulty", config })),
  ),
};

/** What the two generations call the same. */
const names = {
  "v1.0": {
    store: "store.Store",
    exporter: "exporter.Exporter",
    mode: "GetMode",
    put: "PutPackfile",
    list: "GetPackfiles",
    putRequest: "store.PutPackfileRequest",
    initRequest: "store.InitRequest",
    first: field(1, field(1, mac)),
  },
  "v1.1": {
    store: "store.Store",
    exporter: "plakar.exporter.Exporter",
    mode: "Mode",
    put: "Put",
    list: "List",
    putRequest: "store.PutRequest",
    initRequest: "store.InitRequest",
    first: Buffer.concat([field(1, mac), Buffer.from([0x10, 1])]),
  },
} as const;

describe.each(generations)("a request of a host of %s", (generation) => {
  const name = names[generation];
  const modePath = `/${name.store}/${name.mode}`;
  const putPath = `/${name.store}/${name.put}`;
  let running: RunningProcess;
  let session: ClientHttp2Session;

  beforeEach(async () => {
    running = await startProcess();
    session = connect("http://127.0.0.1:0", { createConnection: () => running.plugin.transport });
    session.on("error", () => undefined);
  });

  /** Begins a call of which everything can be wrong. */
  function begin(path: string, body: readonly Buffer[], headers: IncomingHttpHeaders = {}): ClientHttp2Stream {
    const stream = session.request(
      {
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
        "user-agent": USER_AGENTS[generation],
        ...headers,
      },
      { endStream: false },
    );
    for (const part of body) stream.write(part);
    return stream.on("error", () => undefined).resume();
  }

  /** Settles with what the host is told, or when nothing more can come. */
  function outcomeOf(stream: ClientHttp2Stream): Promise<Outcome> {
    return new Promise((resolve) => {
      const outcome: Outcome = {};
      const look = (received: IncomingHttpHeaders): void => {
        if (received[":status"] !== undefined) outcome.http = Number(received[":status"]);
        if (received["grpc-status"] === undefined) return;
        outcome.status = Number(received["grpc-status"]);
        outcome.text = decodeURIComponent(String(received["grpc-message"] ?? ""));
        resolve(outcome);
      };
      stream.on("response", look).on("trailers", look);
      stream.once("close", () => {
        resolve(outcome);
      });
    });
  }

  function call(path: string, body: readonly Buffer[], headers: IncomingHttpHeaders = {}): Promise<Outcome> {
    const stream = begin(path, body, headers);
    stream.end();
    return outcomeOf(stream);
  }

  async function initialise(kind: "store" | "exporter" = "store"): Promise<void> {
    expect(await call(`/${name[kind]}/Init`, [message(init[kind])])).toMatchObject({ status: 0 });
  }

  /** The connection still answers, nothing was kept, and the plugin ends as it should. */
  async function expectUsable(): Promise<void> {
    expect(await call(modePath, [message(nothing)])).toMatchObject({ status: 0 });
    expect(running.log.lines("stored")).toEqual([]);
    expect(await running.stop()).toEqual({ code: 0, signal: null });
    await running.log.says("exit 0");
    expect(running.log.text).not.toContain("connection:");
  }

  it.each<[string, readonly Buffer[], IncomingHttpHeaders, Partial<Outcome>]>([
    [
      "of an unknown method",
      [message(nothing)],
      { ":path": `/${name.store}/Nothing` },
      { status: 12, text: `unknown method Nothing for service ${name.store}` },
    ],
    [
      "of an unknown service",
      [message(nothing)],
      { ":path": "/no.Service/Method" },
      { status: 12, text: "unknown service no.Service" },
    ],
    [
      "of a path of 40,000 bytes",
      [message(nothing)],
      { ":path": `/${"%".repeat(40_000)}` },
      { status: 12, text: `unknown service ${"%".repeat(255)}…` },
    ],
    ["with GET", [], { ":method": "GET" }, { http: 405 }],
    ["with another content type", [message(nothing)], { "content-type": "text/html" }, { http: 415 }],
    [
      "in compressed messages",
      [message(nothing)],
      { "grpc-encoding": "gzip" },
      { status: 12, text: 'the host compresses with "gzip", and no compression was offered' },
    ],
    [
      "in one compressed message",
      [message(nothing, 1)],
      {},
      { status: 13, text: "received compressed envelope, but do not know how to decompress" },
    ],
    ["without a message", [], {}, { status: 12, text: "protocol error: missing input message for unary method" }],
    [
      "with two messages",
      [message(nothing), message(nothing)],
      {},
      { status: 12, text: "protocol error: received extra input message for unary method" },
    ],
    [
      "with a message of 5 MiB",
      [message(Buffer.alloc(5 * 1024 * 1024))],
      {},
      { status: 8, text: "message size 5242880 is larger than configured readMaxBytes 4194304" },
    ],
    [
      "with a message that announces 2 GiB",
      [message(nothing, 0, 2 ** 31)],
      {},
      { status: 8, text: "message size 2147483648 is larger than configured readMaxBytes 4194304" },
    ],
    [
      "that ends within a message's prefix",
      [message(nothing).subarray(0, 3)],
      {},
      { status: 3, text: "the request ended in the middle of a message" },
    ],
    [
      "that ends after a message's prefix",
      [message(nothing, 0, 10)],
      {},
      { status: 3, text: "the request ended in the middle of a message" },
    ],
    [
      "that ends within a message",
      [message(Buffer.alloc(5), 0, 10)],
      {},
      { status: 3, text: "the request ended in the middle of a message" },
    ],
    [
      "with a deadline that is none",
      [message(nothing)],
      { "grpc-timeout": "soon" },
      { status: 3, text: "protocol error: invalid grpc timeout value: soon" },
    ],
  ])("%s is refused, and says why", async (_, body, { ":path": path = modePath, ...headers }, outcome) => {
    await initialise();
    expect(await call(path, body, headers)).toMatchObject(outcome);
    await expectUsable();
  });

  it.each<[string, readonly Buffer[], IncomingHttpHeaders]>([
    ["without te", [message(nothing)], { te: undefined }],
    ["with fields that it does not know", [message(Buffer.concat([field(15, mac), field(14, notUtf8)]))], {}],
    ["in pieces of one byte", Array.from(message(field(15, mac)), (byte) => Buffer.from([byte])), {}],
    [
      'with the compression "identity"',
      [message(nothing)],
      { "grpc-encoding": "identity", "grpc-accept-encoding": "gzip" },
    ],
  ])("%s is answered", async (_, body, headers) => {
    await initialise();
    expect(await call(modePath, body, headers)).toMatchObject({ status: 0 });
    await expectUsable();
  });

  it.each<[string, Buffer, string]>([
    ["a text", field(1, notUtf8), 'its field "proto" is not UTF-8: "n\\xe4me"'],
    [
      "a map's key",
      field(2, Buffer.concat([field(1, notUtf8), field(2, Buffer.from("x"))])),
      'its field "config" is not UTF-8: "n\\xe4me"',
    ],
    [
      "a map's value",
      field(2, Buffer.concat([field(1, Buffer.from("x")), field(2, notUtf8)])),
      'its field "config" is not UTF-8: "n\\xe4me"',
    ],
    ["what breaks off", Buffer.from([0x0a, 100, 1]), "premature EOF"],
  ])("that holds %s that can not be read names the message and the field", async (_, request, reason) => {
    expect(await call(`/${name.store}/Init`, [message(request)])).toMatchObject({
      status: 3,
      text: `the request is no ${name.initRequest}: ${reason}`,
    });
    expect(running.log.lines("made")).toEqual([]);
    // It may be tried again.
    await initialise();
    await expectUsable();
  });

  it.each<[string, readonly Buffer[], string]>([
    [
      "ends after a message's prefix",
      [message(name.first), message(nothing, 0, 10)],
      "the request ended in the middle of a message",
    ],
    [
      "ends within a message",
      [message(name.first), message(Buffer.alloc(9), 0, 10)],
      "the request ended in the middle of a message",
    ],
    [
      "goes on with what is no message",
      [message(name.first), message(Buffer.from([0xff]))],
      `the request is no ${name.putRequest}: premature EOF`,
    ],
    [
      "goes on with 2 GiB",
      [message(name.first), message(nothing, 0, 2 ** 31)],
      "message size 2147483648 is larger than configured readMaxBytes 4194304",
    ],
    [
      "goes on with a compressed message",
      [message(name.first), message(nothing, 1)],
      "received compressed envelope, but do not know how to decompress",
    ],
  ])("that puts and %s keeps nothing", async (_, body, text) => {
    await initialise();
    expect(await call(putPath, body)).toMatchObject({ text });
    expect(running.log.text).toContain("broke off after 0: ");
    await expectUsable();
  });

  it.each<[string, readonly Buffer[], string]>([
    [
      "data before its MAC",
      [message(field(generation === "v1.0" ? 2 : 3, Buffer.from("data")))],
      generation === "v1.0" ? "the request has no MAC" : "a MAC has 32 bytes, not 0",
    ],
    ["nothing at all", [], "the stream ended before its first message"],
  ])("that puts %s is refused", async (_, body, text) => {
    await initialise();
    expect(await call(putPath, body)).toMatchObject({ status: 3, text: `${name.put}: ${text}` });
    await expectUsable();
  });

  it("that restores data before its header is refused, and the next works", async () => {
    await initialise("exporter");
    const [path, body] =
      generation === "v1.0"
        ? ([`/${name.exporter}/StoreFile`, field(2, field(1, Buffer.from("data")))] as const)
        : ([`/${name.exporter}/Export`, field(2, Buffer.from("data"))] as const);
    const outcome = await call(path, [message(body)]);
    expect(outcome.status).toBe(3);
    expect(outcome.text).toMatch(/header|record/);
    expect(running.log.lines("stor")).toEqual([]);
    expect(await call(`/${name.exporter}/Close`, [message(nothing)])).toMatchObject({ status: 0 });
    expect(await running.stop()).toEqual({ code: 0, signal: null });
  });

  it("that comes before Init is refused by name", async () => {
    expect(await call(modePath, [message(nothing)])).toMatchObject({
      status: 9,
      text: `${name.store}/${name.mode} was called before Init`,
    });
    await initialise();
    await expectUsable();
  });

  it("that never half-closes is ended when it was answered", async () => {
    await initialise();
    const calls = [begin(`/${name.store}/Nothing`, []), begin(modePath, [message(nothing, 0, 2 ** 31)])];
    const closed = calls.map((stream) => once(stream, "close"));
    expect(await Promise.all(calls.map(outcomeOf))).toMatchObject([{ status: 12 }, { status: 8 }]);
    await Promise.all(closed);
    expect(calls.map((stream) => stream.rstCode)).toEqual([0, 0]);
    await expectUsable();
  });
});
