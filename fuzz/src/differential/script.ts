import { timeoutMsOf } from "@kloset/wire/grpc";
import { flag, frame, FRAME_HEADER_LENGTH, frameType, settings, uint32 } from "../http2.js";
import type { Step, WireInput } from "../input.js";
import { framesIn, streamOf } from "./frames.js";
import { requestsIn, type Fields } from "./requests.js";

/** What a host sends, and what it did, as far as that explains differences. */
export interface HostScript {
  readonly steps: readonly Step[];
  /** Streams that the host has reset: how much of their answer has come before is a matter of time. */
  readonly resets: ReadonlySet<number>;
  /** The headers of calls, by stream, as far as they can be decoded. */
  readonly requests: ReadonlyMap<number, Fields>;
  /** What comes first is the preface, or what is there in its place. The last frame may be cut. */
  readonly frames: readonly Buffer[];
}

/** Windows that are never full: which call gets the last of one would be a matter of time. */
export const LARGE_WINDOW = 0x4000_0000;
/** No answer takes as long. */
const LONG_MS = 3_600_000;

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
    if (type === frameType.headers && one.length > FRAME_HEADER_LENGTH) paced.push("quiet");
    if (type === frameType.rstStream && one.length >= FRAME_HEADER_LENGTH) resets.add(streamOf(one));
    // Else what happens first in which call would be a matter of time.
    if (type === frameType.data && streamOf(one) !== last) paced.push("quiet");
    if (index > 0) last = streamOf(one);
    paced.push(one);
    // Behind the preface, and the SETTINGS that belong to it.
    if (index === 1 && type === frameType.settings && (one[4] ?? 0) % 2 === 0) {
      paced.push(settings([4, LARGE_WINDOW]), frame(frameType.windowUpdate, 0, 0, uint32(LARGE_WINDOW)));
    }
    if (isEnd(one, index)) paced.push("quiet");
  });
  paced.push("quiet");
  return { steps: paced, resets, frames, requests: requestsIn(frames) };
}

/** Whether a call's deadline may pass meanwhile: which calls are answered before it is a matter of time. */
export function hasDeadline({ requests }: HostScript): boolean {
  return [...requests.values()].some((fields) =>
    fields.some(([name, value]) => name === "grpc-timeout" && (timeoutMsOf(value) ?? LONG_MS) < LONG_MS),
  );
}

function isEnd(one: Buffer, index: number): boolean {
  const type = one[3];
  return index > 0 && (type === frameType.data || type === frameType.headers) && ((one[4] ?? 0) & flag.endStream) !== 0;
}
