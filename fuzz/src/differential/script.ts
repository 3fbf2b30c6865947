import { timeoutMsOf } from "@kloset/wire/grpc";
import { flag, frame, FRAME_HEADER_LENGTH, frameType, settings, uint32 } from "../http2.js";
import type { Step, WireInput } from "../input.js";
import { framesIn, streamOf } from "./frames.js";
import { requestsIn, type Fields } from "./requests.js";

/** The actions of a host, and the facts about them that explain differences. */
export interface HostScript {
  readonly steps: readonly Step[];
  /** Streams that the host has reset: the part of the answer sent before depends on timing. */
  readonly resets: ReadonlySet<number>;
  /** The headers of calls by stream, as far as they can be decoded. */
  readonly requests: ReadonlyMap<number, Fields>;
  /** The first element is the preface, or the bytes in its place. The last frame may be cut. */
  readonly frames: readonly Buffer[];
}

/** A window that never fills up: the use of a full window depends on timing. */
export const LARGE_WINDOW = 0x4000_0000;
/** Longer than any answer takes, in milliseconds. */
const LONG_MS = 3_600_000;

/**
 * Turns an input into a script whose outcome depends only on the order of its bytes:
 * before each request the host waits until the server is idle.
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
    // Otherwise the order of events across calls would depend on timing.
    if (type === frameType.data && streamOf(one) !== last) paced.push("quiet");
    if (index > 0) last = streamOf(one);
    paced.push(one);
    // After the preface and its SETTINGS.
    if (index === 1 && type === frameType.settings && (one[4] ?? 0) % 2 === 0) {
      paced.push(settings([4, LARGE_WINDOW]), frame(frameType.windowUpdate, 0, 0, uint32(LARGE_WINDOW)));
    }
    if (isEnd(one, index)) paced.push("quiet");
  });
  paced.push("quiet");
  return { steps: paced, resets, frames, requests: requestsIn(frames) };
}

/** Returns true if the deadline of a call may expire, so that the outcome depends on timing. */
export function hasDeadline({ requests }: HostScript): boolean {
  return [...requests.values()].some((fields) =>
    fields.some(([name, value]) => name === "grpc-timeout" && (timeoutMsOf(value) ?? LONG_MS) < LONG_MS),
  );
}

function isEnd(one: Buffer, index: number): boolean {
  const type = one[3];
  return index > 0 && (type === frameType.data || type === frameType.headers) && ((one[4] ?? 0) & flag.endStream) !== 0;
}
