import { beforeAll, describe, expect, it } from "@jest/globals";
import { fromBinary } from "@bufbuild/protobuf";
import { recordCorpus, type Corpus } from "../corpus.js";
import { envelope, frame, frameType } from "../http2.js";
import { inputFromText, inputToText, type Input } from "../input.js";
import { randomMessage } from "../messages.js";
import { Random } from "../random.js";
import { pathOf, wireGenerations } from "../services.js";
import { inputOf } from "./generate.js";
import { mutateCapture } from "./mutate-capture.js";

const SEED = 11;
let corpus: Corpus;
let inputs: Input[];

beforeAll(async () => {
  corpus = await recordCorpus();
  inputs = Array.from({ length: 3000 }, (_, index) => inputOf(corpus, SEED, index));
}, 120_000);

/** Returns the bytes of an input, without its pauses. */
function bytesOf(input: Input): Buffer {
  if (input.kind === "rpc") return Buffer.concat(input.calls.flatMap(({ path, body }) => [Buffer.from(path), ...body]));
  return Buffer.concat(input.steps.filter((step) => step instanceof Uint8Array));
}

describe("inputs", () => {
  it("depend only on the seed and the index", async () => {
    const again = await recordCorpus();
    expect(again.digest).toBe(corpus.digest);
    for (let index = 0; index < 200; index++)
      expect(inputToText(inputOf(again, SEED, index))).toBe(inputToText(inputs[index] as Input));
    const texts = [
      inputOf(corpus, SEED, 0),
      inputOf(corpus, SEED, 1),
      inputOf(corpus, SEED + 1, 0),
      inputOf(corpus, SEED + 2 ** 32, 0),
    ];
    expect(new Set(texts.map(inputToText)).size).toBe(4);
  }, 120_000);

  it("survive a round trip through a file", () => {
    for (const input of inputs.slice(0, 200)) {
      const again = inputFromText(inputToText(input));
      expect(inputToText(again)).toBe(inputToText(input));
      expect(bytesOf(again).equals(bytesOf(input))).toBe(true);
    }
  });

  it("change a length that is already the largest", () => {
    const message = frame(frameType.data, 0, 1, envelope(Buffer.from("x"), 0, 0xffff_ffff));
    const names = new Set<string>();
    for (let index = 0; index < 1000; index++) {
      const frames = Array.from({ length: 3 }, () => Buffer.from(message));
      for (const name of mutateCapture(frames, new Random(SEED, index), corpus.captures).names) names.add(name);
    }
    expect(names).toContain("other gRPC prefix");
  });

  it("cover every kind, transcript and flow", () => {
    const whats = inputs.map(({ what }) => what);
    const wanted = [
      "random bytes",
      "random frames",
      ...corpus.captures.map(({ name }) => `${name},`),
      ...corpus.scripts.flatMap(({ name }) => [`calls of ${name}`, `statuses of ${name}`]),
    ];
    expect(wanted.filter((start) => !whats.some((what) => what.startsWith(start)))).toEqual([]);
    expect(wanted.length).toBe(2 + 44 + 2 * 28);
    for (const name of [
      "flipped",
      "truncated",
      "spliced",
      "repeated",
      "reordered",
      "left out",
      "added",
      "other length",
      "other HPACK",
      "other gRPC prefix",
      "other message",
      "as it was",
    ]) {
      expect(whats.some((what) => what.includes(name))).toBe(true);
    }
  });

  it("call every RPC of both generations", () => {
    const all = Buffer.concat(inputs.map(bytesOf)).toString("latin1");
    const paths = wireGenerations.flatMap(({ services }) => services.flatMap(({ methods }) => methods.map(pathOf)));
    expect(paths.filter((path) => !all.includes(path))).toEqual([]);
    expect(paths.length).toBeGreaterThan(40);
  });
});

it("makes random messages that are valid for their type", () => {
  const random = new Random(SEED);
  for (const { services } of wireGenerations) {
    for (const { input } of services.flatMap(({ methods }) => methods)) {
      const sizes = Array.from({ length: 30 }, () => {
        const bytes = randomMessage(input, random);
        fromBinary(input, bytes);
        return bytes.length;
      });
      if (input.fields.length > 0) expect(Math.max(...sizes)).toBeGreaterThan(0);
    }
  }
});
