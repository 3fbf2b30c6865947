import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { messageLength, PREFIX_LENGTH } from "@kloset/wire/grpc";
import { flag, FRAME_HEADER_LENGTH, frameType } from "../http2.js";
import { streamOf } from "./frames.js";

/** The request that a host sends on a stream. */
export interface Body {
  /** In bytes, without padding. */
  readonly length: number;
  /** The complete messages, without their prefixes. */
  readonly messages: readonly Buffer[];
  /** True if the last message is incomplete. */
  readonly breaksOff: boolean;
  /** True if the host has half-closed the stream. */
  readonly isEnded: boolean;
}

/** Returns the request on a stream. */
export function bodyOf(frames: readonly Buffer[], stream: number): Body {
  const parts: Buffer[] = [];
  let isEnded = false;
  for (const one of frames) {
    const [type, flags] = [one[3], one[4] ?? 0];
    if (streamOf(one) !== stream || (type !== frameType.data && type !== frameType.headers) || isEnded) continue;
    if (type === frameType.data) parts.push(contentOf(one, flags));
    isEnded = (flags & flag.endStream) !== 0;
  }
  const messages: Buffer[] = [];
  let rest = Buffer.concat(parts);
  const { length } = rest;
  while (rest.length >= PREFIX_LENGTH) {
    const end = PREFIX_LENGTH + messageLength(rest);
    if (rest.length < end) break;
    messages.push(rest.subarray(PREFIX_LENGTH, end));
    rest = rest.subarray(end);
  }
  return { length, messages, breaksOff: rest.length > 0, isEnded };
}

/** Returns true if an entry of a message's map has a field other than its key and its value. */
export function hasUnknownInEntry(message: Uint8Array, map: number): boolean {
  try {
    for (const [number, bytes] of fieldsOf(message)) {
      if (number !== map || bytes === undefined) continue;
      for (const [inEntry] of fieldsOf(bytes)) if (inEntry !== 1 && inEntry !== 2) return true;
    }
  } catch {
    // Malformed messages have no entries.
  }
  return false;
}

/** Yields the fields of a message: numbers, and the bytes of length-delimited fields. @throws Error if malformed. */
function* fieldsOf(message: Uint8Array): Generator<readonly [number: number, bytes: Uint8Array | undefined]> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) yield [number, reader.bytes()];
    else {
      reader.skip(wireType, number);
      yield [number, undefined];
    }
  }
}

function contentOf(one: Buffer, flags: number): Buffer {
  if ((flags & flag.padded) === 0) return one.subarray(FRAME_HEADER_LENGTH);
  const from = FRAME_HEADER_LENGTH + 1;
  return one.subarray(from, Math.max(from, one.length - (one[FRAME_HEADER_LENGTH] ?? 0)));
}
