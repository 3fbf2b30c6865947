import { flag, FRAME_HEADER_LENGTH, frameType, preface } from "../http2.js";

/** Returns the stream of a frame; 0 if its header is cut. */
export function streamOf(one: Buffer): number {
  return one.length < FRAME_HEADER_LENGTH ? 0 : one.readUInt32BE(5) & 0x7fff_ffff;
}

/** Returns true if a CONTINUATION frame must follow. */
export function isUnendedBlock(one: Buffer): boolean {
  return (one[3] === frameType.headers || one[3] === frameType.continuation) && ((one[4] ?? 0) & flag.endHeaders) === 0;
}

/** Returns the entries of a SETTINGS frame; none for other frames. */
export function settingsIn(one: Buffer): (readonly [id: number, value: number])[] {
  const entries: (readonly [number, number])[] = [];
  if (one[3] !== frameType.settings) return entries;
  for (let at = FRAME_HEADER_LENGTH; at + 6 <= one.length; at += 6)
    entries.push([one.readUInt16BE(at), one.readUInt32BE(at + 2)]);
  return entries;
}

/** Splits bytes into the preface (or the bytes in its place) and the frames; the last may be cut. */
export function framesIn(bytes: Buffer): Buffer[] {
  if (!bytes.subarray(0, preface.length).equals(preface)) return [bytes];
  const frames = [bytes.subarray(0, preface.length)];
  for (let at = preface.length; at < bytes.length;) {
    const whole = at + FRAME_HEADER_LENGTH <= bytes.length;
    const end = whole ? Math.min(bytes.length, at + FRAME_HEADER_LENGTH + bytes.readUIntBE(at, 3)) : bytes.length;
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  return frames;
}
