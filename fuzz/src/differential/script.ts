import { HpackDecoder } from "@kloset/server/hpack";
import { flag, frame, frameHeaderLength, frameType, preface, settings, uint32 } from "../http2.js";
import type { Step, WireInput } from "../input.js";

/** What a host sends, and what it did, as far as that explains differences. */
export interface HostScript {
  readonly steps: readonly Step[];
  /** Streams that the host has reset: how much of their answer has come before is a matter of time. */
  readonly resets: ReadonlySet<number>;
  /** The paths of calls, by stream; of those whose header block is in one frame. */
  readonly paths: ReadonlyMap<number, string>;
  /** What comes first is the preface, or what is there in its place. The last frame may be cut. */
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
  let last = 0;
  frames.forEach((one, index) => {
    const type = index === 0 ? -1 : one[3];
    if (type === frameType.headers && one.length > frameHeaderLength) paced.push("quiet");
    if (type === frameType.rstStream && one.length >= frameHeaderLength) resets.add(streamOf(one));
    // Else what happens first in which call would be a matter of time.
    if (type === frameType.data && streamOf(one) !== last) paced.push("quiet");
    if (index > 0) last = streamOf(one);
    paced.push(one);
    // Behind the preface, and the SETTINGS that belong to it.
    if (index === 1 && type === frameType.settings && (one[4] ?? 0) % 2 === 0) {
      paced.push(settings([4, largeWindow]), frame(frameType.windowUpdate, 0, 0, uint32(largeWindow)));
    }
    if (isEnd(one, index)) paced.push("quiet");
  });
  paced.push("quiet");
  return { steps: paced, resets, frames, paths: pathsIn(frames) };
}

/** The stream of a frame; 0 when its header is cut. */
export function streamOf(one: Buffer): number {
  return one.length < frameHeaderLength ? 0 : one.readUInt32BE(5) & 0x7fff_ffff;
}

function isEnd(one: Buffer, index: number): boolean {
  const type = one[3];
  return index > 0 && (type === frameType.data || type === frameType.headers) && ((one[4] ?? 0) & flag.endStream) !== 0;
}

function pathsIn(frames: readonly Buffer[]): Map<number, string> {
  const paths = new Map<number, string>();
  const decoder = new HpackDecoder({ maxTableBytes: 4096, maxListBytes: 65_536, maxFields: 256 });
  for (const one of frames.slice(1)) {
    if (one[3] !== frameType.headers || one.length < frameHeaderLength) continue;
    try {
      const path = decoder.decode(one, frameHeaderLength, one.length).fields.find(([name]) => name === ":path")?.[1];
      if (path !== undefined) paths.set(streamOf(one), path);
    } catch {
      // No block, or not a whole one: nothing that follows can be decoded.
      return paths;
    }
  }
  return paths;
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
