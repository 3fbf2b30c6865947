/**
 * Single cases that generated encoders refuse or leave to their callers.
 */
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { Writer, type MessageCodec } from "@kloset/wire/codec";
import { StoreFileRequestCodec } from "./src/v1_0/exporter_codec.js";
import { RecordCodec } from "./src/v1_1/connectors_codec.js";
import { ExportRequestCodec } from "./src/v1_1/exporter_codec.js";
import {
  GetRequestCodec,
  GetResponseCodec,
  InitRequestCodec,
  ListResponseCodec,
  ModeResponseCodec,
  PutRequestCodec,
  SizeResponseCodec,
} from "./src/v1_1/store_codec.js";
import * as v1_0 from "./v1.0.js";
import { exporter, store } from "./v1.1.js";

type AnyCodec = MessageCodec<unknown, never>;

function encode(codec: AnyCodec, message: unknown): { written: Buffer; tail: Uint8Array | undefined } {
  const writer = new Writer();
  const tail = codec.encode(message as never, writer);
  return { written: Buffer.from(writer.buffer.subarray(0, writer.length)), tail };
}

describe("refuses a value that a field cannot hold, with the name of the field", () => {
  const range = RangeError;
  const type = TypeError;
  it.each<[AnyCodec, unknown, typeof RangeError | typeof TypeError, string]>([
    [
      RecordCodec,
      { pathname: "a\ud800" },
      type,
      "plakar.connectors.Record.pathname: expected a string that UTF-8 can encode, got one with a lone surrogate",
    ],
    [
      RecordCodec,
      { pathname: `\udc00${"x".repeat(100)}` },
      type,
      "plakar.connectors.Record.pathname: expected a string that UTF-8 can encode, got one with a lone surrogate",
    ],
    [
      RecordCodec,
      { pathname: `${"\u{1f600}".repeat(99)}\ud800` },
      type,
      "plakar.connectors.Record.pathname: expected a string that UTF-8 can encode, got one with a lone surrogate",
    ],
    [
      RecordCodec,
      { extendedAttributes: ["ok", "\ud800"] },
      type,
      "plakar.connectors.Record.extendedAttributes: expected a string that UTF-8 can encode, got one with a lone surrogate",
    ],
    [
      RecordCodec,
      { extendedAttributes: ["ok", undefined] },
      type,
      "plakar.connectors.Record.extendedAttributes: expected a string, got undefined",
    ],
    [
      RecordCodec,
      { extendedAttributes: "ok" },
      type,
      "plakar.connectors.Record.extendedAttributes: expected a list, got a string",
    ],
    [RecordCodec, { pathname: 5 }, type, "plakar.connectors.Record.pathname: expected a string, got 5"],
    [RecordCodec, { pathname: 0 }, type, "plakar.connectors.Record.pathname: expected a string, got 0"],
    [RecordCodec, { hasReader: 1 }, type, "plakar.connectors.Record.hasReader: expected a bool, got 1"],
    [RecordCodec, { fileInfo: "x" }, type, "plakar.connectors.Record.fileInfo: expected a message, got a string"],
    [RecordCodec, { fileInfo: { mode: -1 } }, range, "plakar.connectors.FileInfo.mode: expected a uint32, got -1"],
    [
      RecordCodec,
      { fileInfo: { mode: 2 ** 32 } },
      range,
      "plakar.connectors.FileInfo.mode: expected a uint32, got 4294967296",
    ],
    [RecordCodec, { fileInfo: { mode: 0.5 } }, range, "plakar.connectors.FileInfo.mode: expected a uint32, got 0.5"],
    [RecordCodec, { fileInfo: { mode: NaN } }, range, "plakar.connectors.FileInfo.mode: expected a uint32, got NaN"],
    [RecordCodec, { fileInfo: { mode: 5n } }, type, "plakar.connectors.FileInfo.mode: expected a uint32, got 5n"],
    [RecordCodec, { fileInfo: { size: 5 } }, type, "plakar.connectors.FileInfo.size: expected an int64, got 5"],
    [
      RecordCodec,
      { fileInfo: { size: "5" } },
      type,
      "plakar.connectors.FileInfo.size: expected an int64, got a string",
    ],
    [
      RecordCodec,
      { fileInfo: { size: 2n ** 63n } },
      range,
      "plakar.connectors.FileInfo.size: expected an int64, got 9223372036854775808n",
    ],
    [
      RecordCodec,
      { fileInfo: { size: -(2n ** 63n) - 1n } },
      range,
      "plakar.connectors.FileInfo.size: expected an int64, got -9223372036854775809n",
    ],
    [RecordCodec, { fileInfo: { ino: -1n } }, range, "plakar.connectors.FileInfo.ino: expected a uint64, got -1n"],
    [
      RecordCodec,
      { fileInfo: { ino: 2n ** 64n } },
      range,
      "plakar.connectors.FileInfo.ino: expected a uint64, got 18446744073709551616n",
    ],
    [
      RecordCodec,
      { fileInfo: { modTime: { nanos: 2 ** 31 } } },
      range,
      "google.protobuf.Timestamp.nanos: expected an int32, got 2147483648",
    ],
    [RecordCodec, { xattrType: "ADS" }, type, "plakar.connectors.Record.xattrType: expected an int32, got a string"],
    [ModeResponseCodec, { mode: -(2 ** 31) - 1 }, range, "store.ModeResponse.mode: expected an int32, got -2147483649"],
    [ModeResponseCodec, { mode: 5n }, type, "store.ModeResponse.mode: expected an int32, got 5n"],
    [GetResponseCodec, { chunk: "text" }, type, "store.GetResponse.chunk: expected bytes, got a string"],
    [GetResponseCodec, { chunk: [1, 2] }, type, "store.GetResponse.chunk: expected bytes, got an array"],
    [ListResponseCodec, { macs: [new Uint8Array(1), null] }, type, "store.ListResponse.macs: expected bytes, got null"],
    [InitRequestCodec, { config: { a: 1 } }, type, "store.InitRequest.config: expected a string, got 1"],
    [
      InitRequestCodec,
      { config: { "\ud800": "1" } },
      type,
      "store.InitRequest.config: expected a string that UTF-8 can encode, got one with a lone surrogate",
    ],
    [InitRequestCodec, { config: ["a"] }, type, "store.InitRequest.config: expected a map, got an array"],
    [InitRequestCodec, { config: new Map([["a", "b"]]) }, type, "store.InitRequest.config: expected a map, got a Map"],
    [
      ExportRequestCodec,
      { packet: { case: "chunk", value: undefined } },
      type,
      "plakar.exporter.ExportRequest.chunk: expected bytes, got undefined",
    ],
    [ExportRequestCodec, undefined, type, "plakar.exporter.ExportRequest: expected an object, got undefined"],
  ])("%#", (codec, message, expected, text) => {
    const writer = new Writer();
    writer.length = 3;
    let refusal: unknown;
    try {
      codec.encode(message as never, writer);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(expected);
    expect((refusal as Error).message).toBe(text);
    // No part of the message is kept.
    expect(writer.length).toBe(3);
  });
});

describe("absent and default fields", () => {
  it.each<[AnyCodec, object]>([
    [RecordCodec, {}],
    [
      RecordCodec,
      {
        pathname: undefined,
        fileInfo: undefined,
        extendedAttributes: undefined,
        xattrType: undefined,
        hasReader: undefined,
      },
    ],
    [RecordCodec, { pathname: null, fileInfo: null, extendedAttributes: null }],
    [RecordCodec, { pathname: "", hasReader: false, extendedAttributes: [], fileAttributes: 0, xattrType: 0 }],
    [ExportRequestCodec, { packet: { case: undefined } }],
    [GetRequestCodec, { mac: new Uint8Array(0), range: undefined }],
    [SizeResponseCodec, { size: 0n }],
    [InitRequestCodec, { config: {} }],
  ])("are not written: %#", (codec, message) => {
    expect(encode(codec, message)).toEqual({ written: Buffer.alloc(0), tail: undefined });
  });
});

describe("long content at the end of a message", () => {
  const content = new Uint8Array(16_384).fill(7);
  const whole = ({ written, tail }: ReturnType<typeof encode>): Buffer =>
    Buffer.concat([written, tail ?? Buffer.alloc(0)]);

  it.each<[AnyCodec, object, number]>([
    [GetResponseCodec, { chunk: content }, 4],
    [PutRequestCodec, { mac: new Uint8Array(32), chunk: content }, 38],
    [PutRequestCodec, { chunk: content, flags: 0, type: 2 }, 6],
    [ExportRequestCodec, { packet: { case: "chunk", value: content } }, 4],
  ])("is left to the caller: %#", (codec, message, length) => {
    const encoded = encode(codec, message);
    expect(encoded.tail).toBe(content);
    expect(encoded.written).toHaveLength(length);
  });

  it.each<[string, AnyCodec, object]>([
    ["it is not at the end", PutRequestCodec, { chunk: content, flags: 1 }],
    ["it is short", GetResponseCodec, { chunk: content.subarray(1) }],
    ["it is within another message", StoreFileRequestCodec, { type: { case: "data", value: { chunk: content } } }],
    ["it is within a list", ListResponseCodec, { macs: [content] }],
  ])("is written if %s", (_, codec, message) => {
    expect(encode(codec, message).tail).toBeUndefined();
  });

  it("results in the same bytes in all cases", () => {
    const put = { chunk: content, flags: 1, type: 3 };
    expect(
      whole(encode(PutRequestCodec, put)).equals(toBinary(store.PutRequestSchema, create(store.PutRequestSchema, put))),
    ).toBe(true);
    const packet = { packet: { case: "chunk" as const, value: content } };
    expect(
      whole(encode(ExportRequestCodec, packet)).equals(
        toBinary(exporter.ExportRequestSchema, create(exporter.ExportRequestSchema, packet)),
      ),
    ).toBe(true);
    const file = { type: { case: "data" as const, value: { chunk: content } }, cookie: "cookie" };
    const { StoreFileRequestSchema } = v1_0.exporter;
    expect(
      whole(encode(StoreFileRequestCodec, file)).equals(
        toBinary(StoreFileRequestSchema, create(StoreFileRequestSchema, file)),
      ),
    ).toBe(true);
  });
});

describe("the map key __proto__", () => {
  it("is written if it is an own property of the map", () => {
    const config = JSON.parse('{"__proto__":"1","a":"2"}') as Record<string, string>;
    expect(
      encode(InitRequestCodec, { config }).written.equals(
        toBinary(store.InitRequestSchema, create(store.InitRequestSchema, { config })),
      ),
    ).toBe(true);
  });
});
