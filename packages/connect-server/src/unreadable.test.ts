import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { exporter, store, type connectors } from "@kloset/protocol/v1.1";
import { LastMessage } from "./last-message.js";
import { envelope } from "@kloset/test-support";
import { unreadable } from "./unreadable.js";

/** Replaced by invalid UTF-8 of the same length, so that all length prefixes remain correct. */
const marker = "MARKER";

function withInvalid(bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes);
  buffer.write('\xff\xfe<"\\>', buffer.indexOf(marker), "latin1");
  return buffer;
}

describe("unreadable", () => {
  it("accepts a valid message with unknown fields", () => {
    expect(unreadable(store.InitRequestSchema, Buffer.from([0x7a, 1, 0xff]))).toBeUndefined();
  });

  const record = (value: MessageInitShape<typeof connectors.RecordSchema>): Uint8Array =>
    toBinary(exporter.ExportRequestSchema, create(exporter.ExportRequestSchema, { packet: { case: "record", value } }));

  it.each<[string, Uint8Array]>([
    ["record.pathname", record({ pathname: marker })],
    ["record.fileInfo.username", record({ pathname: "ok", fileInfo: { username: marker } })],
    ["record.extendedAttributes", record({ extendedAttributes: ["ok", marker] })],
  ])("names the field %s", (name, bytes) => {
    expect(unreadable(exporter.ExportRequestSchema, bytes)).toBeUndefined();
    expect(unreadable(exporter.ExportRequestSchema, withInvalid(bytes))).toBe(
      `the request is not a valid plakar.exporter.ExportRequest: its field "${name}" is not UTF-8: "\\xff\\xfe<"\\>"`,
    );
  });

  it("truncates a long quoted string", () => {
    const bytes = Buffer.concat([Buffer.from([0x0a, 0xe8, 0x07]), Buffer.alloc(1000, 0xff)]);
    const text = unreadable(store.InitRequestSchema, bytes) ?? "";
    expect(text).toContain('its field "proto" is not UTF-8: "\\xff');
    expect(text.endsWith('…"')).toBe(true);
    expect(text.length).toBeLessThan(1200);
  });

  it("uses the text of protobuf-es if all strings are valid", () => {
    expect(unreadable(store.InitRequestSchema, Buffer.from([0x0a, 100]))).toBe(
      "the request is not a valid store.InitRequest: premature EOF",
    );
  });
});

describe("LastMessage", () => {
  const messages = [Buffer.from("one"), Buffer.alloc(0), Buffer.from("three"), Buffer.alloc(1000, 7)];
  const stream = Buffer.concat(messages.map((message) => envelope(message)));

  it.each([1, 2, 3, 5, 6, 7, 8, 100, 5000])("splits a stream in chunks of %d bytes at the ends of messages", (size) => {
    const last = new LastMessage();
    const seen: Buffer[] = [];
    const pieces: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) {
      for (const piece of last.split(stream.subarray(at, at + size))) {
        pieces.push(piece);
        if (last.isWhole) seen.push(Buffer.from(last.bytes() ?? []));
      }
    }
    expect(seen).toEqual(messages);
    expect(Buffer.concat(pieces)).toEqual(stream);
    expect(last.isWhole).toBe(true);
  });

  it.each([1, 4, 5, 6])("is not whole after %d bytes of a message", (length) => {
    const last = new LastMessage();
    expect(last.isWhole).toBe(true);
    expect(Buffer.concat([...last.split(envelope(Buffer.from("message")).subarray(0, length))])).toHaveLength(length);
    expect(last.isWhole).toBe(false);
    expect(last.bytes()).toBeUndefined();
  });
});
