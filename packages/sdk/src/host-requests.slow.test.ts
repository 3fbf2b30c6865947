/**
 * Invalid requests, which no released host sends. Each is answered with an error
 * that says what is wrong, nothing is stored, and the connection goes on.
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

/** The outcome of a call, as the host sees it. */
interface Outcome {
  http?: number;
  status?: number;
  text?: string;
}

/** An expected outcome. */
type Expected = Omit<Outcome, "text"> & { readonly text?: unknown };

const nothing = Buffer.alloc(0);
/** Returns a protobuf field of up to 127 bytes. */
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

/** The names of the same methods and messages in both generations. */
const names = {
  "v1.0": {
    store: "store.Store",
    exporter: "exporter.Exporter",
    mode: "GetMode",
    put: "PutPackfile",
    list: "GetPackfiles",
    putRequest: "store.PutPackfileRequest",
    first: field(1, field(1, mac)),
  },
  "v1.1": {
    store: "store.Store",
    exporter: "plakar.exporter.Exporter",
    mode: "Mode",
    put: "Put",
    list: "List",
    putRequest: "store.PutRequest",
    first: Buffer.concat([field(1, mac), Buffer.from([0x10, 1])]),
  },
} as const;

describe.each(generations)("a request from a host of %s", (generation) => {
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

  /** Begins a call in which everything can be invalid. */
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

  /** Resolves when the status has arrived or the stream has closed. */
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

  /** Expects that the connection still answers, nothing was stored, and the plugin exits normally. */
  async function expectUsable(): Promise<void> {
    expect(await call(modePath, [message(nothing)])).toMatchObject({ status: 0 });
    expect(running.log.lines("stored")).toEqual([]);
    expect(await running.stop()).toEqual({ code: 0, signal: null });
    await running.log.waitFor("exit 0");
    expect(running.log.text).not.toContain("connection:");
  }

  it.each<[string, readonly Buffer[], IncomingHttpHeaders, Expected]>([
    [
      "an unknown method",
      [message(nothing)],
      { ":path": `/${name.store}/Nothing` },
      { status: 12, text: expect.stringMatching(`Nothing .*${name.store}`) },
    ],
    [
      "an unknown service",
      [message(nothing)],
      { ":path": "/no.Service/Method" },
      { status: 12, text: expect.stringContaining("no.Service") },
    ],
    [
      "a path of 40,000 bytes",
      [message(nothing)],
      { ":path": `/${"%".repeat(40_000)}` },
      { status: 12, text: expect.stringMatching(/ %{255}…$/) },
    ],
    ["the method GET", [], { ":method": "GET" }, { http: 405 }],
    ["another content type", [message(nothing)], { "content-type": "text/html" }, { http: 415 }],
    [
      "compressed messages",
      [message(nothing)],
      { "grpc-encoding": "gzip" },
      { status: 12, text: expect.stringContaining('"gzip"') },
    ],
    [
      "a single compressed message",
      [message(nothing, 1)],
      {},
      { status: 13, text: expect.stringContaining("compressed") },
    ],
    ["no message", [], {}, { status: 12, text: expect.stringContaining("missing input message") }],
    [
      "two messages",
      [message(nothing), message(nothing)],
      {},
      { status: 12, text: expect.stringContaining("extra input message") },
    ],
    [
      "a message of 5 MiB",
      [message(Buffer.alloc(5 * 1024 * 1024))],
      {},
      { status: 8, text: "message size 5242880 is larger than configured readMaxBytes 4194304" },
    ],
    [
      "a message that announces 2 GiB",
      [message(nothing, 0, 2 ** 31)],
      {},
      { status: 8, text: expect.stringMatching(/2147483648 .*4194304/) },
    ],
    [
      "an end within a message's prefix",
      [message(nothing).subarray(0, 3)],
      {},
      { status: 3, text: expect.stringContaining("in the middle of a message") },
    ],
    [
      "an end after a message's prefix",
      [message(nothing, 0, 10)],
      {},
      { status: 3, text: expect.stringContaining("in the middle of a message") },
    ],
    [
      "an end within a message",
      [message(Buffer.alloc(5), 0, 10)],
      {},
      { status: 3, text: expect.stringContaining("in the middle of a message") },
    ],
    [
      "an invalid deadline",
      [message(nothing)],
      { "grpc-timeout": "soon" },
      { status: 3, text: expect.stringContaining("soon") },
    ],
  ])("is rejected with a reason for %s", async (_, body, { ":path": path = modePath, ...headers }, outcome) => {
    await initialise();
    expect(await call(path, body, headers)).toMatchObject(outcome);
    await expectUsable();
  });

  it.each<[string, readonly Buffer[], IncomingHttpHeaders]>([
    ["no te header", [message(nothing)], { te: undefined }],
    ["unknown fields", [message(Buffer.concat([field(15, mac), field(14, notUtf8)]))], {}],
    ["pieces of one byte", Array.from(message(field(15, mac)), (byte) => Buffer.from([byte])), {}],
    ['the compression "identity"', [message(nothing)], { "grpc-encoding": "identity", "grpc-accept-encoding": "gzip" }],
  ])("is answered for %s", async (_, body, headers) => {
    await initialise();
    expect(await call(modePath, body, headers)).toMatchObject({ status: 0 });
    await expectUsable();
  });

  it.each<[string, Buffer, RegExp]>([
    ["text", field(1, notUtf8), /store\.InitRequest.*"proto".*"n\\xe4me"/],
    [
      "text in a map's key",
      field(2, Buffer.concat([field(1, notUtf8), field(2, Buffer.from("x"))])),
      /store\.InitRequest.*"config".*"n\\xe4me"/,
    ],
    [
      "text in a map's value",
      field(2, Buffer.concat([field(1, Buffer.from("x")), field(2, notUtf8)])),
      /store\.InitRequest.*"config".*"n\\xe4me"/,
    ],
    ["truncated bytes", Buffer.from([0x0a, 100, 1]), /store\.InitRequest.*premature EOF/],
  ])("is rejected for invalid %s with the names of message and field", async (_, request, reason) => {
    expect(await call(`/${name.store}/Init`, [message(request)])).toMatchObject({
      status: 3,
      text: expect.stringMatching(reason) as unknown,
    });
    expect(running.log.lines("made")).toEqual([]);
    // Init may be retried.
    await initialise();
    await expectUsable();
  });

  it.each<[string, readonly Buffer[], RegExp]>([
    ["ends after a message's prefix", [message(name.first), message(nothing, 0, 10)], /in the middle of a message/],
    ["ends within a message", [message(name.first), message(Buffer.alloc(9), 0, 10)], /in the middle of a message/],
    [
      "continues with an invalid message",
      [message(name.first), message(Buffer.from([0xff]))],
      new RegExp(`${name.putRequest}.*premature EOF`),
    ],
    ["continues with 2 GiB", [message(name.first), message(nothing, 0, 2 ** 31)], /2147483648 .*4194304/],
    ["continues with a compressed message", [message(name.first), message(nothing, 1)], /compressed/],
  ])("stores nothing of a put that %s", async (_, body, text) => {
    await initialise();
    expect(await call(putPath, body)).toMatchObject({ text: expect.stringMatching(text) as unknown });
    expect(running.log.text).toContain("broke off after 0: ");
    await expectUsable();
  });

  it.each<[string, readonly Buffer[], RegExp]>([
    [
      "data before its MAC",
      [message(field(generation === "v1.0" ? 2 : 3, Buffer.from("data")))],
      generation === "v1.0" ? /no MAC/ : /MAC .*\b0\b/,
    ],
    ["no message at all", [], /before its first message/],
  ])("is rejected for a put with %s", async (_, body, text) => {
    await initialise();
    expect(await call(putPath, body)).toMatchObject({
      status: 3,
      text: expect.stringMatching(new RegExp(`^${name.put}: .*${text.source}`)) as unknown,
    });
    await expectUsable();
  });

  it("is rejected for restored data before its header, and the next call works", async () => {
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

  it("is rejected with its full name before Init", async () => {
    expect(await call(modePath, [message(nothing)])).toMatchObject({
      status: 9,
      text: expect.stringContaining(`${name.store}/${name.mode}`) as unknown,
    });
    await initialise();
    await expectUsable();
  });

  it("is ended after the answer if the host never half-closes", async () => {
    await initialise();
    const calls = [begin(`/${name.store}/Nothing`, []), begin(modePath, [message(nothing, 0, 2 ** 31)])];
    const closed = calls.map((stream) => once(stream, "close"));
    expect(await Promise.all(calls.map(outcomeOf))).toMatchObject([{ status: 12 }, { status: 8 }]);
    await Promise.all(closed);
    expect(calls.map((stream) => stream.rstCode)).toEqual([0, 0]);
    await expectUsable();
  });
});
