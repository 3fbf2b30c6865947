import { FRAME_HEADER_LENGTH, frameType } from "../http2.js";
import type { Step } from "../input.js";
import type { Random } from "../random.js";

/** The most waits in one input: enough for the answers of the first calls. */
const MOST_WAITS = 8;

/** Cuts frames into random pieces with pauses between them. */
export function stepsOf(frames: readonly Buffer[], random: Random): Step[] {
  const patient = random.chance(0.75);
  const steps: Step[] = [];
  let waits = 0;
  let together: Buffer[] = [];
  const flush = (): void => {
    steps.push(...cut(Buffer.concat(together), random));
    together = [];
  };
  for (const one of frames) {
    // Before each call, so that earlier calls, above all Init, are answered.
    if (patient && waits < MOST_WAITS && one[3] === frameType.headers && one.length > FRAME_HEADER_LENGTH) {
      flush();
      steps.push("quiet");
      waits++;
    }
    together.push(one);
  }
  flush();
  if (random.chance(0.85)) steps.push("quiet");
  return steps;
}

function cut(bytes: Buffer, random: Random): Step[] {
  if (bytes.length === 0) return [];
  const most = random.pick([Infinity, Infinity, 4096, 100, bytes.length < 400 ? 1 : 1000]);
  const turns = random.chance(0.3);
  const steps: Step[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = most === Infinity ? bytes.length : random.between(1, most);
    steps.push(bytes.subarray(at, at + length));
    if (turns && steps.length < 100) steps.push(random.between(1, 3));
    at += length;
  }
  return steps;
}
