import { HpackDecoder } from "@kloset/server/hpack";
import { flag, FRAME_HEADER_LENGTH, frameType } from "../http2.js";
import { streamOf } from "./frames.js";

/** The headers of a request, in order. */
export type Fields = readonly (readonly [name: string, value: string])[];

const limits = { maxTableBytes: 4096, maxListBytes: 1024 * 1024, maxFields: 1000 };
/** Bytes of priority in a HEADERS frame (RFC 9113, section 6.2). */
const PRIORITY_LENGTH = 5;

/** Returns the headers of requests by stream, up to the first header block that cannot be decoded. */
export function requestsIn(frames: readonly Buffer[]): Map<number, Fields> {
  const requests = new Map<number, Fields>();
  const decoder = new HpackDecoder(limits);
  let block: Buffer[] = [];
  for (const one of frames) {
    const type = one[3];
    if (one.length < FRAME_HEADER_LENGTH || (type !== frameType.headers && type !== frameType.continuation)) continue;
    if (type === frameType.headers) block = [];
    block.push(type === frameType.headers ? fragmentOf(one) : one.subarray(FRAME_HEADER_LENGTH));
    if (((one[4] ?? 0) & flag.endHeaders) === 0) continue;
    const whole = Buffer.concat(block);
    try {
      const { fields } = decoder.decode(whole, 0, whole.length);
      // Later blocks on a stream are trailers.
      if (!requests.has(streamOf(one))) requests.set(streamOf(one), fields);
    } catch {
      return requests;
    }
  }
  return requests;
}

/** Returns the path of a request; undefined if it has none. */
export function pathOf(requests: ReadonlyMap<number, Fields>, stream: number): string | undefined {
  return requests.get(stream)?.find(([name]) => name === ":path")?.[1];
}

/** Returns the header block fragment of a HEADERS frame, without padding and priority. */
function fragmentOf(one: Buffer): Buffer {
  const flags = one[4] ?? 0;
  const isPadded = (flags & flag.padded) !== 0;
  const padding = isPadded ? (one[FRAME_HEADER_LENGTH] ?? 0) : 0;
  const from = FRAME_HEADER_LENGTH + (isPadded ? 1 : 0) + ((flags & flag.priority) !== 0 ? PRIORITY_LENGTH : 0);
  return one.subarray(from, Math.max(from, one.length - padding));
}
