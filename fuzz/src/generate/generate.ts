import type { Corpus } from "../corpus.js";
import { envelope, preface, settings } from "../http2.js";
import type { AuthorSpec, Input, RpcCall, RpcInput, WireInput } from "../input.js";
import { Random } from "../random.js";
import { pathOf } from "../services.js";
import type { Script } from "../script.js";
import { callFrames, messagesOf } from "./calls.js";
import { stepsOf } from "./cut.js";
import { mutateCapture } from "./mutate-capture.js";
import { mutateBytes } from "./mutate-message.js";
import { randomFrame } from "./random-frames.js";

/** Makes the input for a seed and an index. */
export function inputOf(corpus: Corpus, seed: number, index: number): Input {
  const random = new Random(seed, index);
  const author = authorOf(random);
  const share = random.below(100);
  if (share < 8) return wireInput("random bytes", author, [randomBytes(random)], random);
  if (share < 28) return wireInput("random frames", author, randomFrames(corpus, random), random);
  if (share < 60) return capturedInput(corpus, author, random);
  const script = oneOf(corpus.scripts, random);
  if (share < 90) return wireInput(`calls of ${script.name}`, author, callFrames(script, random), random);
  return rpcInput(script, { ...author, waitRate: 0 }, random);
}

/** The names of the recordings of each connector. Secret providers and inventories have no transcripts. */
const CONNECTORS = [
  /importer|backup$|count/,
  /exporter|restore/,
  /storage|create|check|maintenance/,
  /secrets|inventory/,
];

/** Picks a recording, each connector with the same probability: storages have the most transcripts. */
function oneOf<T extends { readonly name: string }>(all: readonly T[], random: Random): T {
  const recorded = CONNECTORS.map((names) => all.filter(({ name }) => names.test(name)));
  const one = random.pickOf(random.pickOf(recorded.filter(({ length }) => length > 0)) ?? []);
  if (one === undefined) throw new Error("nothing was recorded");
  return one;
}

function authorOf(random: Random): AuthorSpec {
  return {
    seed: random.uint32(),
    maxDelayTurns: random.pick([0, 0, 1, 4]),
    waitRate: random.pick([0, 0, 0, 0.05, 0.3]),
    failRate: random.pick([0, 0, 0, 0.03, 0.2]),
    resourceStore: random.chance(0.5),
    opensByName: random.chance(0.5),
    full: random.chance(0.7),
  };
}

function wireInput(what: string, author: AuthorSpec, frames: readonly Buffer[], random: Random): WireInput {
  return {
    kind: "wire",
    what,
    author,
    steps: stepsOf(frames, random),
    reads: random.pick(["all", "all", "all", "all", "all", "all", "slowly", "nothing"] as const),
    end: random.pick(["end", "end", "end", "destroy"] as const),
  };
}

function randomBytes(random: Random): Buffer {
  const bytes = random.bytes(random.size(3000) + 1);
  return random.chance(0.5)
    ? bytes
    : Buffer.concat([random.chance(0.5) ? preface : mutateBytes(preface, random), bytes]);
}

/** Makes random frames after the preface and SETTINGS, half of the time after a valid Init. */
function randomFrames(corpus: Corpus, random: Random): Buffer[] {
  const frames = Array.from({ length: random.between(1, 30) }, () => randomFrame(random));
  if (random.chance(0.5)) return [preface, ...(random.chance(0.9) ? [settings()] : []), ...frames];
  const script = oneOf(corpus.scripts, random);
  return [...callFrames({ ...script, calls: script.calls.slice(0, 1) }, random), ...frames];
}

function capturedInput({ captures }: Corpus, author: AuthorSpec, random: Random): WireInput {
  const capture = oneOf(captures, random);
  const { frames, names } = mutateCapture(capture.frames, random, captures);
  return wireInput(`${capture.name}, ${names.join(", ") || "as it was"}`, author, frames, random);
}

/** Makes calls from a script: Init and some others, with mutated messages, sometimes with unrelated calls between. */
function rpcInput(script: Script, author: AuthorSpec, random: Random): RpcInput {
  const {
    generation,
    calls: [init, ...rest],
  } = script;
  const from = random.below(rest.length + 1);
  const some = rest.slice(from, from + random.between(1, 3));
  const service = generation.services.find(({ typeName }) => init?.path.startsWith(`/${typeName}/`) === true);
  for (let extra = random.below(2); extra > 0; extra--) {
    const method = random.pickOf(service?.methods ?? []);
    if (method !== undefined)
      some.splice(random.below(some.length + 1), 0, { path: pathOf(method), messages: [], end: "half-close" });
  }
  const calls = [...(init === undefined ? [] : [init]), ...some].map((call, i): RpcCall => ({
    path: call.path,
    body: messagesOf(call, generation, random).map((message) => envelope(message)),
    concurrent: i > 1 && random.chance(0.3),
  }));
  return { kind: "rpc", what: `statuses of ${script.name}`, author, userAgent: generation.userAgent, calls };
}
