import { beforeAll, describe, expect, it } from "@jest/globals";
import { serveFramed } from "@kloset/server";
import { sdkTarget, type Target } from "../target.js";
import { calmAuthor } from "../capture.js";
import { recordCorpus, type Corpus } from "../corpus.js";
import { envelope, flag, frame, frameType, headerBlock, preface, requestHeaders, settings, uint32 } from "../http2.js";
import type { WireInput } from "../input.js";
import { compareServers, isComparable } from "./compare.js";
import { deliberate } from "./deliberate.js";
import { differential } from "./differential.js";

const WATCHDOG_MS = 120_000;
let corpus: Corpus;

beforeAll(async () => {
  corpus = await recordCorpus();
}, 120_000);

function inputOf(...frames: readonly Buffer[]): WireInput {
  return {
    kind: "wire",
    what: "a host",
    author: calmAuthor,
    steps: [Buffer.concat([preface, settings(), ...frames])],
    reads: "all",
    end: "end",
  };
}

function request(stream: number, path: string, ...more: readonly [string, string][]): Buffer {
  return frame(
    frameType.headers,
    flag.endHeaders,
    stream,
    headerBlock([...requestHeaders(path, "grpc-go/1.81.1"), ...more]),
  );
}

const ping = request(1, "/importer.Importer/Ping");
const empty = frame(frameType.data, flag.endStream, 1, envelope(new Uint8Array(0)));

function compare(input: WireInput, framed: Target = sdkTarget("framed")): ReturnType<typeof compareServers> {
  return compareServers(input, { connect: sdkTarget("connect"), framed }, WATCHDOG_MS);
}

describe("both servers", () => {
  it("give the same answers to 20 inputs, except for deliberate differences", async () => {
    const { findings } = await differential({ corpus, seed: 3, runs: 20, watchdogMs: WATCHDOG_MS });
    expect(findings.map(({ text, inputs }) => [inputs[0]?.index, text])).toEqual([]);
  }, 300_000);

  it("are reported if they differ in a status or in the end of the connection", async () => {
    expect(await compare(inputOf(ping, empty))).toEqual({ differences: [], met: [] });
    const other = sdkTarget((duplex, options) => serveFramed(duplex, { ...options, services: [] }));
    expect((await compare(inputOf(ping, empty), other)).differences).toEqual([
      expect.stringContaining("unknown service importer.Importer") as unknown,
    ]);
    const ends = sdkTarget((duplex, options) => {
      duplex.once("data", () => setImmediate(() => duplex.destroy()));
      return serveFramed(duplex, options);
    });
    expect((await compare(inputOf(ping, empty), ends)).differences[0]).toMatch(/^the connection: framed ends/);
  });

  it.each([
    ["a malformed PRIORITY resets its stream", [frame(frameType.priority, 0, 1, Buffer.alloc(6)), empty]],
    ["a malformed PRIORITY resets its stream", [frame(frameType.priority, 0, 1, Buffer.of(0, 0, 0, 1, 0)), empty]],
    [
      "a WINDOW_UPDATE of 0 or one that overflows a stream's window resets the stream",
      [frame(frameType.windowUpdate, 0, 1, uint32(0)), empty],
    ],
    [
      "a WINDOW_UPDATE of 0 or one that overflows a stream's window resets the stream",
      [frame(frameType.windowUpdate, 0, 1, uint32(0x7fff_ffff)), empty],
    ],
  ])("%s", async (name, frames) => {
    // Older versions of Node also treat an overflowing window as a stream error.
    const { differences, met } = await compare(inputOf(ping, ...frames));
    expect(differences).toEqual([]);
    expect([[], [name]]).toContainEqual(met);
  });

  it.each(["t\xff", "a b", ""])("differ for the field name %j, which only one rejects", async (name) => {
    const { differences, met } = await compare(inputOf(request(1, "/importer.Importer/Ping", [name, "value"]), empty));
    expect({ differences, met }).toEqual({
      differences: [],
      met: ["a regular field with a malformed name or value makes its request malformed"],
    });
  });

  it("do not excuse a difference by a later one, but excuse those that follow", async () => {
    // This server rejects all calls. A known difference explains only concurrent and later ones.
    const other = sdkTarget((duplex, options) => serveFramed(duplex, { ...options, services: [] }));
    const bad = [
      request(3, "/importer.Importer/Ping", ["a b", ""]),
      frame(frameType.data, flag.endStream, 3, envelope(new Uint8Array(0))),
    ];
    const { differences, met } = await compare(inputOf(ping, empty, ...bad), other);
    expect(differences).toEqual([expect.stringMatching(/^stream 1: /)]);
    expect(met).toEqual(["a regular field with a malformed name or value makes its request malformed"]);
    const behind = [
      request(5, "/importer.Importer/Ping"),
      frame(frameType.data, flag.endStream, 5, envelope(new Uint8Array(0))),
    ];
    expect((await compare(inputOf(...bad, ...behind), other)).differences).toEqual([]);
  });

  it("agree if a complete answer is followed by a reset", async () => {
    const wrong = frame(
      frameType.headers,
      flag.endHeaders,
      1,
      headerBlock([...requestHeaders("/importer.Importer/Ping", "x").filter(([name]) => name !== "content-type")]),
    );
    expect((await compare(inputOf(wrong, empty, empty))).differences).toEqual([]);
  });

  it("are not compared on inputs that depend on time", () => {
    expect(isComparable(inputOf(ping, empty))).toBe(true);
    for (const [timeout, comparable] of [
      ["1n", false],
      ["59M", false],
      ["99999999H", true],
      ["-1S", true],
    ] as const) {
      expect(isComparable(inputOf(request(1, "/importer.Importer/Ping", ["grpc-timeout", timeout]), empty))).toBe(
        comparable,
      );
    }
    // Also if the header block comes in several frames, with padding.
    const block = headerBlock([...requestHeaders("/", "x"), ["grpc-timeout", "1n"]]);
    const first = frame(
      frameType.headers,
      flag.padded,
      1,
      Buffer.concat([Buffer.of(2), block.subarray(0, 10), Buffer.alloc(2)]),
    );
    expect(isComparable(inputOf(first, frame(frameType.continuation, flag.endHeaders, 1, block.subarray(10))))).toBe(
      false,
    );
  });

  it("have a unique name and a reason for each deliberate difference", () => {
    expect(new Set(deliberate.map(({ name }) => name)).size).toBe(deliberate.length);
    for (const { why } of deliberate) expect(why.length).toBeGreaterThan(20);
  });
});
