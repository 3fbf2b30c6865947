import { FRAME_HEADER_LENGTH, frameFlag, frameType, preface } from "@kloset/wire/http2";

export { FRAME_HEADER_LENGTH, frameFlag as flag, frameType, preface };

/** Encodes a frame: header and payload. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_LENGTH + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream >>> 0, 5);
  bytes.set(payload, FRAME_HEADER_LENGTH);
  return bytes;
}

/** Encodes a big-endian 32-bit integer. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** Encodes SETTINGS with these identifiers and values. */
export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  pairs.forEach(([id, value], i) => {
    payload.writeUInt16BE(id & 0xffff, 6 * i);
    payload.writeUInt32BE(value >>> 0, 6 * i + 2);
  });
  return frame(frameType.settings, 0, 0, payload);
}

/** Splits a client's bytes into the preface and frames. @throws Error on an incomplete frame. */
export function framesOf(sent: Buffer): Buffer[] {
  const frames = [sent.subarray(0, preface.length)];
  if (!preface.equals(sent.subarray(0, preface.length))) throw new Error("no HTTP/2 preface");
  for (let at = preface.length; at < sent.length;) {
    const end = at + FRAME_HEADER_LENGTH + sent.readUIntBE(at, 3);
    if (end > sent.length) throw new Error("the bytes end within a frame");
    frames.push(sent.subarray(at, end));
    at = end;
  }
  return frames;
}

/** Encodes a header block of literals without indexing (RFC 7541, section 6.2.2). */
export function headerBlock(headers: Iterable<readonly [name: string, value: string]>): Buffer {
  const parts: Uint8Array[] = [];
  for (const pair of headers) {
    parts.push(Buffer.of(0));
    for (const text of pair) {
      const bytes = Buffer.from(text, "latin1");
      parts.push(lengthOf(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

/** Encodes an integer with a prefix of seven bits (RFC 7541, section 5.1). */
function lengthOf(length: number): Uint8Array {
  if (length < 127) return Buffer.of(length);
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** Encodes a gRPC message with its prefix. */
export function envelope(message: Uint8Array, flags = 0, length = message.length): Buffer {
  const bytes = Buffer.alloc(5 + message.length);
  bytes[0] = flags;
  bytes.writeUInt32BE(length >>> 0, 1);
  bytes.set(message, 5);
  return bytes;
}

/** Returns the request headers of gRPC hosts. */
export function requestHeaders(path: string, userAgent: string): [string, string][] {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "127.0.0.1:0"],
    ["content-type", "application/grpc"],
    ["user-agent", userAgent],
    ["te", "trailers"],
  ];
}
