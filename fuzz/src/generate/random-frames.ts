import { flag, frame, frameType, headerBlock, requestHeaders, settings, uint32 } from "../http2.js";
import type { Random } from "../random.js";
import { pathOf, wireGenerations } from "../services.js";

/** Returns a stream number, mostly that of a call. */
function streamOf(random: Random): number {
  return random.chance(0.85)
    ? 2 * random.below(12) + 1
    : random.pick([0, 2, 0x7fff_ffff, 0xffff_ffff, random.uint32()]);
}

/** Makes a frame of any type, flags, stream and length, mostly with a plausible payload. */
export function randomFrame(random: Random): Buffer {
  if (random.chance(0.15)) {
    const bytes = frame(random.below(16), random.below(256), streamOf(random), random.bytes(random.size(300) + 1));
    if (random.chance(0.3)) bytes.writeUIntBE(random.chance(0.5) ? random.below(2 ** 24) : random.below(64), 0, 3);
    return bytes;
  }
  const stream = streamOf(random);
  switch (random.below(10)) {
    case 0:
      return frame(
        frameType.data,
        random.pick([0, flag.endStream, flag.padded, 0xff]),
        stream,
        random.bytes(random.size(400) + 1),
      );
    case 1:
    case 2:
    case 3:
      return frame(frameType.headers, random.pick([4, 5, 5, 4, 0, 0x2d, 0x24, 0xff]), stream, headers(random));
    case 4:
      return frame(frameType.rstStream, 0, stream, uint32(random.below(16)));
    case 5:
      return randomSettings(random);
    case 6:
      return frame(
        frameType.ping,
        random.below(2),
        random.chance(0.9) ? 0 : stream,
        random.bytes(random.chance(0.9) ? 8 : random.below(12)),
      );
    case 7:
      return frame(
        frameType.goaway,
        0,
        0,
        Buffer.concat([uint32(streamOf(random)), uint32(random.below(14)), random.bytes(random.below(8))]),
      );
    case 8:
      return frame(
        frameType.windowUpdate,
        0,
        random.chance(0.5) ? 0 : stream,
        uint32(random.pick([1, 65_535, 0, 0x7fff_ffff, random.uint32()])),
      );
    default:
      return frame(
        frameType.continuation,
        random.pick([0, flag.endHeaders]),
        stream,
        random.chance(0.5) ? headers(random) : random.bytes(random.below(30)),
      );
  }
}

function randomSettings(random: Random): Buffer {
  if (random.chance(0.3)) return frame(frameType.settings, flag.ack, 0);
  const pairs = Array.from({ length: random.below(4) }, () => {
    const value = random.pick([0, 1, 100, 16_384, 65_535, 4_194_304, 16_777_215, 0x7fff_ffff, random.uint32()]);
    return [random.between(0, 9), value] as const;
  });
  return settings(...pairs);
}

/** Unusual headers that are added to a call or replace its own. */
const oddHeaders: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ["grpc-timeout", "1n"],
  ["grpc-timeout", "99999999H"],
  ["grpc-timeout", "-1S"],
  ["grpc-encoding", "gzip"],
  ["grpc-accept-encoding", "gzip,identity"],
  ["content-type", "application/json"],
  ["content-type", "application/grpc+json"],
  ["content-type", ""],
  ["content-length", "5"],
  ["connection", "close"],
  ["x-bin", "AAAA"],
  ["trace-bin", "%%%"],
  ["Upper", "case"],
  ["x", "\u00ff\u0080"],
  ["cookie", "a=b"],
  ["transfer-encoding", "chunked"],
  [":path", "/"],
  [":method", "GET"],
  [":method", "CONNECT"],
  [":protocol", "websocket"],
  [":authority", "a b"],
  [":status", "200"],
  ["te", "gzip"],
  ["user-agent", ""],
  ["user-agent", "grpc-go/1.79.0"],
  ["expect", "100-continue"],
  ["x-long", "x".repeat(9000)],
];

/** Makes the header block of a call, possibly with unusual headers. */
export function requestBlock(path: string, userAgent: string, random: Random, odd: number): Buffer {
  const list: (readonly [string, string])[] = requestHeaders(path, userAgent);
  while (random.chance(odd)) {
    const at = random.below(list.length + 1);
    if (random.chance(0.7))
      list.splice(random.chance(0.5) ? list.length : at, random.chance(0.3) ? 1 : 0, random.pick(oddHeaders));
    else list.splice(at, 1);
  }
  return headerBlock(list);
}

function headers(random: Random): Buffer {
  if (random.chance(0.2)) return random.bytes(random.size(200) + 1);
  const { services, userAgent } = random.pick(wireGenerations);
  const method = random.pickOf(random.pickOf(services)?.methods ?? []);
  const path =
    method === undefined || random.chance(0.1)
      ? random.pick(["/", "", "/a/b", "/importer.Importer/Nothing", "*"])
      : pathOf(method);
  return requestBlock(path, userAgent, random, 0.3);
}
