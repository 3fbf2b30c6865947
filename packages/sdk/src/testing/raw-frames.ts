/** The types of HTTP/2 frames (RFC 9113), built by hand here to send what no client library would. */
export const type = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** The flag END_STREAM, which is also ACK. */
export const END_STREAM = 1;
/** The flag END_HEADERS. */
export const END_HEADERS = 4;

/** The client's connection preface. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

const nothing = Buffer.alloc(0);

/**
 * Returns a frame.
 *
 * @param length - The length in the frame header, if it should be wrong.
 */
export function frame(
  kind: number,
  flags: number,
  stream: number,
  payload: Buffer = nothing,
  length = payload.length,
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(length, 0, 3);
  header.writeUInt8(kind, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** Returns a big-endian 32-bit integer. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Returns one entry of a SETTINGS frame. */
export function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([0, id]), uint32(value)]);
}

/** Returns a RST_STREAM frame with the code CANCEL. */
export function reset(stream: number): Buffer {
  return frame(type.rstStream, 0, stream, uint32(8));
}

/** Returns a header field that is not added to the decoder's dynamic table (RFC 7541). */
export function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x00]), text(name), text(value)]);
}

/** Returns a header field that is added to the decoder's dynamic table; {@link NEWEST} refers to the last one. */
export function indexed(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40]), text(name), text(value)]);
}

/** The one-byte reference to the field that was added to the dynamic table last. */
export const NEWEST = 0x80 | 62;

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  const length = [];
  let left = bytes.length;
  if (left < 127) length.push(left);
  else {
    length.push(127);
    for (left -= 127; left >= 128; left = Math.floor(left / 128)) length.push((left % 128) | 128);
    length.push(left);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** Returns the header block of a call. */
export function callBlock(path: string, userAgent: string): Buffer {
  return Buffer.concat([
    field(":method", "POST"),
    field(":scheme", "http"),
    field(":path", path),
    field(":authority", "127.0.0.1:0"),
    field("content-type", "application/grpc"),
    field("user-agent", userAgent),
    field("te", "trailers"),
  ]);
}

/** Returns a header block as one HEADERS frame and as many CONTINUATION frames as it needs. */
export function headerFrames(stream: number, block: Buffer, flags = 0): Buffer {
  const size = 16_384;
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < block.length; at += size) {
    const last = at + size >= block.length ? END_HEADERS : 0;
    const part = block.subarray(at, at + size);
    frames.push(
      at === 0 ? frame(type.headers, flags | last, stream, part) : frame(type.continuation, last, stream, part),
    );
  }
  return Buffer.concat(frames);
}

/**
 * Returns a gRPC message.
 *
 * @param length - The length in the prefix, if it should be wrong.
 */
export function message(bytes: Buffer, flag = 0, length = bytes.length): Buffer {
  return Buffer.concat([Buffer.from([flag]), uint32(length), bytes]);
}
