import { beforeAll, describe, expect, it } from "@jest/globals";
import { serveFramed } from "@kloset/server";
import { sdkTarget, type Target } from "../target.js";
import { calmAuthor } from "../capture.js";
import { recordCorpus, type Corpus } from "../corpus.js";
import { envelope, flag, frame, frameType, headerBlock, preface, requestHeaders, settings } from "../http2.js";
import type { WireInput } from "../input.js";
import { compareServers } from "./compare.js";
import { deliberate } from "./deliberate.js";
import { differential } from "./differential.js";

const watchdogMs = 30_000;
let corpus: Corpus;

beforeAll(async () => {
  corpus = await recordCorpus();
}, 120_000);

function inputOf(...frames: readonly Buffer[]): WireInput {
  return { kind: "wire", what: "a host", author: calmAuthor, steps: [Buffer.concat([preface, settings(), ...frames])], reads: "all", end: "end" };
}

function request(stream: number, path: string, ...more: readonly [string, string][]): Buffer {
  return frame(frameType.headers, flag.endHeaders, stream, headerBlock([...requestHeaders(path, "grpc-go/1.81.1"), ...more]));
}

const ping = request(1, "/importer.Importer/Ping");
const empty = frame(frameType.data, flag.endStream, 1, envelope(new Uint8Array(0)));

function compare(input: WireInput, framed: Target = sdkTarget("framed")): ReturnType<typeof compareServers> {
  return compareServers(input, { connect: sdkTarget("connect"), framed }, watchdogMs);
}

describe("both servers", () => {
  it("show hosts the same: what was recorded, as it was", async () => {
    for (const { name, frames } of corpus.captures) {
      const { differences } = await compare({ ...inputOf(), steps: [Buffer.concat(frames)] });
      expect({ name, differences }).toEqual({ name, differences: [] });
    }
  }, 300_000);

  it("show hosts the same: a few hundred inputs, but for what is deliberate", async () => {
    const { findings, met } = await differential({ corpus, seed: 3, runs: 300, watchdogMs });
    expect(findings.map(({ text, inputs }) => [inputs[0]?.index, text])).toEqual([]);
    expect(met.size).toBeGreaterThan(3);
  }, 300_000);

  it("are found out when they differ: in a status, in whether the connection ends", async () => {
    expect(await compare(inputOf(ping, empty))).toEqual({ differences: [], met: [] });
    const other = sdkTarget((duplex, options) => serveFramed(duplex, { ...options, services: [] }));
    expect((await compare(inputOf(ping, empty), other)).differences).toEqual([expect.stringContaining("unknown service importer.Importer") as unknown]);
    const ends = sdkTarget((duplex, options) => {
      duplex.once("data", () => setImmediate(() => duplex.destroy()));
      return serveFramed(duplex, options);
    });
    expect((await compare(inputOf(ping, empty), ends)).differences[0]).toMatch(/^the connection: framed ends/);
  });

  it("name each deliberate difference once, with a reason", () => {
    expect(new Set(deliberate.map(({ name }) => name)).size).toBe(deliberate.length);
    for (const { why } of deliberate) expect(why.length).toBeGreaterThan(20);
  });
});
