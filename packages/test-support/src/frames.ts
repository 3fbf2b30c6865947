import { FRAME_HEADER_LENGTH, frameType, writeFrameHeader, writeUint32 } from "@kloset/wire/http2";

/** Encodes a frame, for input that a client library would not send. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_LENGTH);
  writeFrameHeader(header, 0, payload.length, type, flags, stream);
  return Buffer.concat([header, payload]);
}

/** Encodes a big-endian 32-bit integer. */
function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  writeUint32(bytes, 0, value);
  return bytes;
}

/** Encodes a RST_STREAM alone: Node's own client may half-close the stream first. */
export function rstStream(stream: number, code: number): Buffer {
  return frame(frameType.rstStream, 0, stream, uint32(code));
}

/** Encodes a GOAWAY with a last stream id and a code. */
export function goaway(lastStream: number, code: number): Buffer {
  return frame(frameType.goaway, 0, 0, Buffer.concat([uint32(lastStream), uint32(code), Buffer.from("bye")]));
}

/** Returns the types of the frames that a server sent, in order. Throws if the last frame is incomplete. */
export function frameTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at < bytes.length;) {
    types.push(bytes.readUInt8(at + 3));
    at += FRAME_HEADER_LENGTH + bytes.readUIntBE(at, 3);
    if (at > bytes.length) throw new Error("the bytes end within a frame");
  }
  return types;
}
