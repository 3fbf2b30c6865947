import { envelope, flag, frame, frameType, preface, settings, uint32 } from "../http2.js";
import { randomMessage } from "../messages.js";
import type { Random } from "../random.js";
import { methodAt, type WireGeneration } from "../services.js";
import type { Script, ScriptedCall } from "../script.js";
import { mutateMessage } from "./mutate-message.js";
import { randomFrame, requestBlock } from "./random-frames.js";

/** The largest payload of a frame. */
const MAX_PAYLOAD = 16_384;

/** Makes the frames of a host with valid HTTP/2 and mutated calls of a script. */
export function callFrames(script: Script, random: Random): Buffer[] {
  const frames = [preface, settings(), frame(frameType.settings, flag.ack, 0)];
  const { generation } = script;
  const odd = random.pick([0, 0, 0.05]);
  let stream = 1;
  let open: Buffer[][] = [];
  for (const call of someCalls(script, random)) {
    open.push(framesOfCall(call, stream, generation, random, odd));
    stream += 2;
    // Concurrent calls: interleave their frames.
    if (random.chance(0.2)) continue;
    frames.push(...mixed(open, random));
    open = [];
  }
  frames.push(...mixed(open, random));
  if (random.chance(0.08)) frames.splice(random.between(3, frames.length), 0, randomFrame(random));
  return frames;
}

/** Returns the calls of a script with some omitted, and sometimes one of another method. */
function someCalls({ calls, generation }: Script, random: Random): ScriptedCall[] {
  const first = random.chance(0.97) ? calls.slice(0, 1) : [];
  const from = random.chance(0.6) ? 1 : random.below(calls.length);
  const some = calls.slice(from, from + 1 + random.below(random.pick([1, 2, 3, 4, random.chance(0.2) ? 20 : 5])));
  const result = [...first, ...some].filter(() => !random.chance(0.03));
  if (random.chance(0.3)) {
    const method = random.pickOf(random.pickOf(generation.services)?.methods ?? []);
    const path = method === undefined ? "/" : `/${method.parent.typeName}/${method.name}`;
    result.splice(random.between(0, result.length), 0, { path, messages: [], end: "half-close" });
  }
  return result;
}

function framesOfCall(
  call: ScriptedCall,
  stream: number,
  generation: WireGeneration,
  random: Random,
  odd: number,
): Buffer[] {
  const { path } = call;
  const end = random.chance(0.9) ? call.end : random.pick(["half-close", "reset", "open"] as const);
  const head = frame(frameType.headers, flag.endHeaders, stream, requestBlock(path, generation.userAgent, random, odd));
  const data = messagesOf(call, generation, random).map((message) => envelopeOf(message, random));
  // Hosts put several messages into a frame and split large ones.
  const pieces = random.chance(0.3) ? [Buffer.concat(data)] : data;
  const frames = [head, ...pieces.flatMap((bytes) => dataFrames(bytes, stream))];
  if (end === "half-close") frames.push(frame(frameType.data, flag.endStream, stream));
  if (end === "reset") frames.push(frame(frameType.rstStream, 0, stream, uint32(random.pick([8, 0, 5]))));
  return frames;
}

/** Returns the mutated messages of a call. Also used for calls whose statuses are checked. */
export function messagesOf({ path, messages }: ScriptedCall, generation: WireGeneration, random: Random): Uint8Array[] {
  const { input } = methodAt(generation, path);
  const result = [...messages];
  // Init is mostly kept: without it all other calls fail.
  const share = path.endsWith("/Init") ? 0.03 : 0.25;
  if (random.chance(share))
    result.splice(random.below(result.length + 1), random.below(2), randomMessage(input, random));
  if (random.chance(share)) {
    const at = random.below(result.length);
    if (result.length > 0) result[at] = mutateMessage(result[at] ?? new Uint8Array(), random);
  }
  if (random.chance(share / 3)) result.splice(random.below(result.length + 1), 1);
  if (random.chance(share / 3)) result.push(random.bytes(random.size(300) + 1));
  return result;
}

/** Wraps a message in an envelope, which is sometimes wrong. */
function envelopeOf(message: Uint8Array, random: Random): Buffer {
  if (!random.chance(0.03)) return envelope(message);
  const length = random.pick([
    0,
    message.length + 1,
    Math.max(0, message.length - 1),
    5 * 1024 * 1024,
    0x8000_0000,
    0xffff_ffff,
  ]);
  return envelope(message, random.chance(0.5) ? 0 : random.below(256), random.chance(0.5) ? message.length : length);
}

function dataFrames(bytes: Buffer, stream: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += MAX_PAYLOAD)
    frames.push(frame(frameType.data, 0, stream, bytes.subarray(at, at + MAX_PAYLOAD)));
  return frames;
}

/** Interleaves the frames of several calls. HEADERS stay in the order of their streams. */
function mixed(calls: readonly (readonly Buffer[])[], random: Random): Buffer[] {
  const left = calls.map((frames) => [...frames]);
  const heads = left.map((frames) => frames.shift()).filter((head) => head !== undefined);
  const result: Buffer[] = heads;
  for (;;) {
    const queue = random.pickOf(left.filter((frames) => frames.length > 0));
    const next = queue?.shift();
    if (next === undefined) return result;
    result.push(next);
  }
}
