import { flag, frame, frameHeaderLength, frameType, preface, settings, uint32 } from "../http2.js";
import type { Step, WireInput } from "../input.js";

/** What a host sends, and what it did, as far as that explains differences. */
export interface HostScript {
  readonly steps: readonly Step[];
  /** Streams that the host has reset: how much of their answer has come before is a matter of time. */
  readonly resets: ReadonlySet<number>;
  readonly frames: readonly Buffer[];
}

/** Windows that are never full: which call gets the last of one would be a matter of time. */
const largeWindow = 0x4000_0000;

/**
 * The bytes of an input, so that what comes of them depends on their order alone:
 * before each request the host waits until all is answered that can be.
 */
export function hostScript({ steps }: WireInput): HostScript {
  const bytes = Buffer.concat(steps.filter((step) => step instanceof Uint8Array));
  const frames = framesIn(bytes);
  const paced: Step[] = [];
  const resets = new Set<number>();
  frames.forEach((one, index) => {
    const type = index === 0 ? -1 : one[3];
    if (type === frameType.headers && one.length > frameHeaderLength) paced.push("quiet");
    if (type === frameType.rstStream && one.length >= frameHeaderLength) resets.add(one.readUInt32BE(5) & 0x7fff_ffff);
    paced.push(one);
    // Behind the preface, and the SETTINGS that belong to it.
    if (index === 1 && type === frameType.settings && (one[4] ?? 0) % 2 === 0) {
      paced.push(settings([4, largeWindow]), frame(frameType.windowUpdate, 0, 0, uint32(largeWindow)));
    }
    // A request that is cancelled with its end is answered, or not.
    if (isEnd(one, index) && frames.slice(index + 1, index + 12).some((next) => next[3] === frameType.rstStream)) paced.push("quiet");
  });
  paced.push("quiet");
  return { steps: paced, resets, frames };
}

function isEnd(one: Buffer, index: number): boolean {
  const type = one[3];
  return index > 0 && (type === frameType.data || type === frameType.headers) && ((one[4] ?? 0) & flag.endStream) !== 0;
}

/** The preface, or what is there in its place, and the frames; the last may be cut. */
function framesIn(bytes: Buffer): Buffer[] {
  if (!bytes.subarray(0, preface.length).equals(preface)) return [bytes];
  const frames = [bytes.subarray(0, preface.length)];
  for (let at = preface.length; at < bytes.length; ) {
    const whole = at + frameHeaderLength <= bytes.length;
    const end = whole ? Math.min(bytes.length, at + frameHeaderLength + bytes.readUIntBE(at, 3)) : bytes.length;
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames;
}
