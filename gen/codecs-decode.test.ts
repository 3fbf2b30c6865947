/**
 * Single cases that generated decoders refuse or keep.
 */
import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "@jest/globals";
import { Code, StatusError } from "@kloset/wire/grpc";
import { type MessageCodec } from "@kloset/wire/codec";
import { ExportRequestCodec, InitRequestCodec as ExporterInitCodec } from "./src/v1_1/exporter_codec.js";
import {
  GetResponseCodec,
  InitRequestCodec,
  ModeResponseCodec,
  PingRequestCodec,
  PutRequestCodec,
  SizeResponseCodec,
} from "./src/v1_1/store_codec.js";
import { exporter, store, type connectors } from "./v1.1.js";

const notUtf8 = Buffer.from("n\xe4me", "latin1");
const marker = "MARKER";

function field(number: number, content: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(content).finish();
}

function decode<Message>(codec: MessageCodec<Message, never>, bytes: Uint8Array, isBorrowed = false): Message {
  return codec.decode(bytes, 0, bytes.length, isBorrowed);
}

function refusalOf(codec: MessageCodec<unknown, never>, bytes: Uint8Array): string {
  try {
    decode(codec, bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(StatusError);
    expect((error as StatusError).code).toBe(Code.InvalidArgument);
    return (error as StatusError).rawMessage;
  }
  throw new Error("expected a refusal, but the bytes were decoded");
}

/** Replaces the marker by a string that is not UTF-8 and has the same length, so that all lengths stay right. */
function withInvalid(bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes);
  buffer.write('\xff\xfe<"\\>', buffer.indexOf(marker), "latin1");
  return buffer;
}

// The texts are those of packages/connect-server/src/unreadable.test.ts: hosts get the same from both servers.
describe("a string that is not UTF-8", () => {
  const record = (value: MessageInitShape<typeof connectors.RecordSchema>): Uint8Array =>
    toBinary(exporter.ExportRequestSchema, create(exporter.ExportRequestSchema, { packet: { case: "record", value } }));

  it.each<[string, Uint8Array]>([
    ["record.pathname", record({ pathname: marker })],
    ["record.pathname", record({ pathname: `a string that is longer: ${marker}` })],
    ["record.fileInfo.username", record({ pathname: "ok", fileInfo: { username: marker } })],
    ["record.extendedAttributes", record({ extendedAttributes: ["ok", marker] })],
  ])("is refused with the name of the field %s", (name, bytes) => {
    expect(decode(ExportRequestCodec, bytes)).toEqual(fromBinary(exporter.ExportRequestSchema, bytes));
    expect(refusalOf(ExportRequestCodec, withInvalid(bytes))).toMatch(
      `the request is not a valid plakar.exporter.ExportRequest: its field "${name}" is not UTF-8: "`,
    );
    expect(refusalOf(ExportRequestCodec, withInvalid(bytes))).toMatch('\\xff\\xfe<"\\>"');
  });

  it.each<[string, Uint8Array, string]>([
    ["a string field", field(1, notUtf8), 'its field "proto" is not UTF-8: "n\\xe4me"'],
    [
      "a map key",
      field(2, Buffer.concat([field(1, notUtf8), field(2, Buffer.from("x"))])),
      'its field "config" is not UTF-8: "n\\xe4me"',
    ],
    [
      "a map value",
      field(2, Buffer.concat([field(1, Buffer.from("x")), field(2, notUtf8)])),
      'its field "config" is not UTF-8: "n\\xe4me"',
    ],
    ["a surrogate", field(1, Buffer.from([0xed, 0xa0, 0x80])), 'its field "proto" is not UTF-8: "\\xed\\xa0\\x80"'],
    ["an overlong form", field(1, Buffer.from([0xc0, 0xaf])), 'its field "proto" is not UTF-8: "\\xc0\\xaf"'],
    ["an incomplete character", field(1, Buffer.from([0xe2, 0x82])), 'its field "proto" is not UTF-8: "\\xe2\\x82"'],
  ])("is refused: %s", (_, bytes, text) => {
    expect(refusalOf(InitRequestCodec, bytes)).toBe(`the request is not a valid store.InitRequest: ${text}`);
  });

  it("is quoted up to 256 bytes", () => {
    const text = refusalOf(InitRequestCodec, field(1, Buffer.alloc(1000, 0xff)));
    expect(text.endsWith('…"')).toBe(true);
    expect(text.length).toBeLessThan(1200);
  });

  it("is ignored in an unknown field", () => {
    expect(decode(InitRequestCodec, field(15, Buffer.from([0xff])))).toEqual({
      $typeName: "store.InitRequest",
      proto: "",
      config: {},
    });
  });
});

describe("a string keeps all characters", () => {
  it.each([
    "\ufeff",
    "\ufeffname",
    "\ufffd",
    "a\ufffdb",
    "\u{1f600}",
    "\0",
    "nämé",
    "\uffff",
    `${"x".repeat(300)}\ufffd`,
  ])("%j", (text) => {
    expect(decode(InitRequestCodec, field(1, Buffer.from(text))).proto).toBe(text);
  });
});

describe("a malformed message", () => {
  const group = (depth: number): Uint8Array => Buffer.concat([Buffer.alloc(depth, 0x7b), Buffer.alloc(depth, 0x7c)]);

  it.each<[string, number[] | Uint8Array, string]>([
    ["a length beyond the end", [0x0a, 100], "premature EOF"],
    ["a length beyond 32 bits", [0x0a, 0x83, 0x80, 0x80, 0x80, 0x10, 1, 2, 3], "premature EOF"],
    ["a truncated tag", [0xff], "premature EOF"],
    ["a truncated length", [0x0a, 0x80], "premature EOF"],
    ["a field without a value", [0x0a], "premature EOF"],
    ["a tag of more than 32 bits", [0xff, 0xff, 0xff, 0xff, 0x1f, 0], "illegal tag: varint overflows uint32"],
    ["a tag of six bytes", [0x8a, 0x80, 0x80, 0x80, 0x80, 0x00, 0], "illegal tag: varint overflows uint32"],
    ["a varint of eleven bytes", [0x78, ...Array<number>(10).fill(0x80), 1], "invalid varint"],
    ["a varint of more than 64 bits", [0x78, ...Array<number>(9).fill(0xff), 2], "invalid varint"],
    ["field number 0", [0x02, 0], "illegal tag: field no 0 wire type 2"],
    ["field number 0 in a group", [0x7b, 0x04], "illegal tag: field no 0 wire type 4"],
    ["wire type 6", [0x7e, 0], "illegal tag: field no 15 wire type 6"],
    ["wire type 7", [0x7f, 0], "illegal tag: field no 15 wire type 7"],
    ["the end of a group that has not begun", [0x7c], "cant skip wire type 4"],
    ["the end of another group", [0x7b, 0x74], "invalid end group tag"],
    ["a group without an end", [0x7b], "premature EOF"],
    ["groups nested too deeply", group(100), "maximum recursion depth reached"],
    ["a truncated 64-bit value", [0x79, 1, 2, 3], "premature EOF"],
    ["a truncated 32-bit value", [0x7d, 1, 2, 3], "premature EOF"],
    ["a truncated unknown field", [0x7a, 3, 1, 2], "premature EOF"],
    ["a map entry that ends within its key", [0x12, 2, 0x0a, 5, 1, 2, 3, 4, 5], "premature EOF"],
    ["a string as a number", [0x08, 1], 'its field "proto" has the wrong wire type 0'],
    ["a map as a number", [0x10, 1], 'its field "config" has the wrong wire type 0'],
    ["a map key as a number", [0x12, 2, 0x08, 1], 'its field "config" has the wrong wire type 0'],
    ["a string as a group", [0x0b, 0x0c], 'its field "proto" has the wrong wire type 3'],
  ])("is refused: %s", (_, bytes, text) => {
    expect(refusalOf(InitRequestCodec, Uint8Array.from(bytes))).toBe(
      `the request is not a valid store.InitRequest: ${text}`,
    );
  });

  it("may have nested groups, up to the depth that protobuf-es allows", () => {
    expect(decode(PingRequestCodec, group(99))).toEqual({ $typeName: "store.PingRequest" });
  });

  it("is refused with the path of a nested field with a wrong wire type", () => {
    const bytes = field(1, field(8, Uint8Array.from([0x12, 0])));
    expect(refusalOf(ExportRequestCodec, bytes)).toBe(
      'the request is not a valid plakar.exporter.ExportRequest: its field "record.fileInfo.size" has the wrong wire type 2',
    );
  });

  it("is refused if a nested message extends beyond the outer one", () => {
    expect(refusalOf(ExporterInitCodec, Uint8Array.from([0x0a, 2, 0x0a, 3, 97, 98, 99]))).toBe(
      "the request is not a valid plakar.exporter.InitRequest: premature EOF",
    );
  });

  it("does not affect the next message", () => {
    refusalOf(ExportRequestCodec, Uint8Array.from([0x0a, 4, 0x42, 2, 0x0a, 9]));
    expect(decode(ModeResponseCodec, Uint8Array.from([8, 6])).mode).toBe(6);
  });

  it("differs from offsets outside the buffer, which are a RangeError", () => {
    expect(() => PingRequestCodec.decode(new Uint8Array(3), 0, 4, false)).toThrow(RangeError);
    expect(() => PingRequestCodec.decode(new Uint8Array(3), 2, 1, false)).toThrow(RangeError);
  });
});

describe("numbers", () => {
  it.each([0n, -1n, 1n, 2n ** 31n, -(2n ** 31n), 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)])(
    "keep %d exactly",
    (size) => {
      expect(
        decode(SizeResponseCodec, toBinary(store.SizeResponseSchema, create(store.SizeResponseSchema, { size }))).size,
      ).toBe(size);
    },
  );

  it("are truncated to 32 bits, as protobuf specifies", () => {
    const bytes = Uint8Array.from([8, 0xff, 0xff, 0xff, 0xff, 0x1f]);
    expect(decode(ModeResponseCodec, bytes).mode).toBe(-1);
    expect(fromBinary(store.ModeResponseSchema, bytes).mode).toBe(-1);
  });

  it("may have a longer encoding than necessary", () => {
    expect(
      decode(
        ModeResponseCodec,
        Uint8Array.from([0x88, 0x80, 0x00, 0x86, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]),
      ).mode,
    ).toBe(6);
  });
});

describe("a map", () => {
  const entry = (key: string, value: string): Uint8Array =>
    field(2, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))]));
  const configOf = (...entries: Uint8Array[]): Record<string, string> =>
    decode(InitRequestCodec, Buffer.concat(entries)).config;

  it("keeps the last value of a key", () => {
    expect(configOf(entry("a", "1"), entry("b", "2"), entry("a", "3"))).toEqual({ a: "3", b: "2" });
  });

  it("uses empty strings for a missing key or value", () => {
    expect(configOf(field(2, new Uint8Array(0)))).toEqual({ "": "" });
    expect(configOf(field(2, field(1, Buffer.from("a"))))).toEqual({ a: "" });
  });

  it("skips further fields of an entry", () => {
    expect(
      configOf(
        field(
          2,
          Buffer.concat([field(1, Buffer.from("a")), field(3, field(1, Buffer.from("b"))), field(2, Buffer.from("1"))]),
        ),
      ),
    ).toEqual({ a: "1" });
  });

  it("keeps the names of Object.prototype's properties as keys, and does not change the prototype", () => {
    const config = configOf(entry("__proto__", "1"), entry("constructor", "2"), entry("__proto__", "3"));
    expect(Object.entries(config)).toEqual([
      ["__proto__", "3"],
      ["constructor", "2"],
    ]);
    expect(Object.getPrototypeOf(config)).toBe(Object.prototype);
    expect(configOf()).toEqual({});
  });
});

describe("the content of a bytes field", () => {
  const small = toBinary(
    store.PutRequestSchema,
    create(store.PutRequestSchema, { mac: new Uint8Array(32).fill(1), chunk: new Uint8Array(5000).fill(2) }),
  );

  it("shares memory that is not borrowed", () => {
    const { mac, chunk } = decode(PutRequestCodec, small);
    expect([mac.buffer, chunk.buffer]).toEqual([small.buffer, small.buffer]);
    expect([mac.constructor, chunk.constructor]).toEqual([Uint8Array, Uint8Array]);
  });

  it.each([1, 32, 2047, 2048, 5000])("is copied from borrowed memory, %d bytes", (length) => {
    const borrowed = Buffer.from(
      toBinary(store.GetResponseSchema, create(store.GetResponseSchema, { chunk: new Uint8Array(length).fill(7) })),
    );
    const { chunk } = decode(GetResponseCodec, borrowed, true);
    borrowed.fill(0);
    expect(Buffer.from(chunk).equals(Buffer.alloc(length, 7))).toBe(true);
    expect(chunk.buffer.byteLength).toBe(length);
    expect(chunk.constructor).toBe(Uint8Array);
  });

  it("is the same when it is read from a Uint8Array within a larger buffer", () => {
    const around = new Uint8Array(small.length + 20);
    around.set(small, 9);
    const message = PutRequestCodec.decode(around.subarray(4), 5, 5 + small.length, false);
    expect(message).toEqual(fromBinary(store.PutRequestSchema, small));
  });
});
