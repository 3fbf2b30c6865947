import { frameFlag, FRAME_HEADER_LENGTH, frameType, preface, writeFrameHeader, writeUint32 } from "@kloset/wire/http2";
import { encodeHeaders, type HeaderField } from "../http2/hpack/index.js";

/** A frame that was sent. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Encodes a frame without checking it. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_LENGTH + payload.length);
  writeFrameHeader(bytes, 0, payload.length, type, flags, stream);
  bytes.set(payload, FRAME_HEADER_LENGTH);
  return bytes;
}

/** Encodes a big-endian 32-bit integer. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  writeUint32(bytes, 0, value);
  return bytes;
}

/** Encodes SETTINGS with these identifiers and values. */
export function settings(...entries: readonly (readonly [id: number, value: number])[]): Buffer {
  return frame(
    frameType.settings,
    0,
    0,
    Buffer.concat(entries.map(([id, value]) => Buffer.concat([Buffer.of(id >>> 8, id), uint32(value)]))),
  );
}

/** Encodes WINDOW_UPDATE. */
export function windowUpdate(stream: number, increment: number): Buffer {
  return frame(frameType.windowUpdate, 0, stream, uint32(increment));
}

/** Encodes RST_STREAM. */
export function rstStream(stream: number, code = 8): Buffer {
  return frame(frameType.rstStream, 0, stream, uint32(code));
}

/** Encodes DATA. */
export function data(stream: number, content: Uint8Array | string = "", flags = 0): Buffer {
  return frame(frameType.data, flags, stream, Buffer.from(content));
}

/** Encodes DATA or HEADERS with padding. */
export function padded(
  type: number,
  flags: number,
  stream: number,
  content: Uint8Array | string,
  padding: number,
): Buffer {
  return frame(
    type,
    flags | frameFlag.padded,
    stream,
    Buffer.concat([Buffer.of(padding), Buffer.from(content), Buffer.alloc(padding)]),
  );
}

/** Returns the headers of a call, with more fields added. */
export function requestFields(...more: readonly HeaderField[]): HeaderField[] {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/store.Store/Mode"],
    [":authority", "127.0.0.1:0"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...more,
  ];
}

/** Encodes HEADERS with a complete block. */
export function headers(stream: number, flags = 0, fields: readonly HeaderField[] = requestFields()): Buffer {
  return frame(frameType.headers, flags | frameFlag.endHeaders, stream, encodeHeaders(fields));
}

/** The bytes that begin every connection. */
export const beginning = Buffer.concat([preface, settings(), frame(frameType.settings, frameFlag.ack, 0)]);

/** Decodes frames. @throws Error when the last one is incomplete. */
export function readFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + FRAME_HEADER_LENGTH + bytes.readUIntBE(at, 3);
    if (end > bytes.length) throw new Error("the bytes end within a frame");
    frames.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + FRAME_HEADER_LENGTH, end),
    });
    at = end;
  }
  return frames;
}
