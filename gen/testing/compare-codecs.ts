import { create, fromBinary, toBinary, type Message } from "@bufbuild/protobuf";
import { Edition } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "@jest/globals";
import { StatusError } from "@kloset/wire/grpc";
import { Writer } from "@kloset/wire/codec";
import fc from "fast-check";
import { initOf } from "./arbitrary.js";
import "./byte-equality.js";
import { hasForeignEntry } from "./foreign-entry.js";
import { messages, type MessageCase } from "./messages.js";
import { chanceOf, damage, scramble } from "./scramble.js";

const SEED = 20260402;
const RUNS_WITHOUT_FIELDS = 10;

/**
 * Compares generated codecs with protobuf-es: the same bytes, the same messages.
 *
 * @param runs - The number of random messages of each type that has fields.
 * @param cases - The codecs; by default, all of the project.
 * @param keepsUnknown - True if the codecs keep unknown fields.
 */
export function describeCodecs(runs: number, cases: readonly MessageCase[] = messages, keepsUnknown = false): void {
  describe.each(cases)("$name", (each) => {
    describeCodec(each, each.desc.fields.length === 0 ? RUNS_WITHOUT_FIELDS : runs, keepsUnknown);
  });
}

function describeCodec({ desc, codec }: MessageCase, numRuns: number, keepsUnknown: boolean): void {
  const init = initOf(desc);
  const bytesOf = (value: Record<string, unknown>): Uint8Array => toBinary(desc, create(desc, value));
  const writer = new Writer();

  function encoded(value: object): Buffer {
    const before = writer.length;
    const tail = codec.encode(value, writer);
    return Buffer.concat([writer.buffer.subarray(before, writer.length), ...(tail === undefined ? [] : [tail])]);
  }

  function decoded(bytes: Uint8Array, isBorrowed = false): unknown {
    // Surrounded by other bytes, which must not matter.
    const around = Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(11, 0x01)]);
    const message = codec.decode(around, 3, 3 + bytes.length, isBorrowed);
    if (isBorrowed) around.fill(0x55);
    return message;
  }

  const expected = (bytes: Uint8Array): Message => fromBinary(desc, bytes, { readUnknownFields: keepsUnknown });

  it("appends the same bytes", () => {
    fc.assert(
      fc.property(init, (value) => {
        if (writer.length > 1_000_000) writer.length = 0;
        const bytes = bytesOf(value);
        expect(encoded(value).equals(bytes)).toBe(true);
        // A decoded message can be encoded again.
        expect(encoded(decoded(bytes) as object).equals(bytes)).toBe(true);
      }),
      { seed: SEED, numRuns },
    );
  });

  it("reads the same message", () => {
    fc.assert(
      fc.property(init, fc.boolean(), (value, isBorrowed) => {
        const bytes = bytesOf(value);
        const message = decoded(bytes, isBorrowed);
        expect(message).toEqual(expected(bytes));
        // protobuf-es makes messages of other syntaxes.
        if (desc.file.edition !== Edition.EDITION_PROTO3) return;
        // All fields are present and in the same order, so the engine sees one shape for all messages of a type.
        const names = ["$typeName", ...desc.members.map(({ localName }) => localName)];
        // Numbers come first in every object.
        expect(Object.keys(message as object)).toEqual(Object.keys(Object.fromEntries(names.map((name) => [name, 0]))));
      }),
      { seed: SEED, numRuns },
    );
  });

  it("reads the same message with fields in any order, repeated, split in parts, and between unknown fields", () => {
    fc.assert(
      fc.property(init, init, fc.integer(), (one, other, chanceSeed) => {
        const bytes = scramble(desc, Buffer.concat([bytesOf(one), bytesOf(other)]), chanceOf(chanceSeed));
        const message = decoded(bytes, true);
        const same = expected(bytes);
        expect(message).toEqual(same);
        if (keepsUnknown) expect(encoded(message as object).equals(toBinary(desc, same))).toBe(true);
      }),
      { seed: SEED, numRuns },
    );
  });

  /** Checks that the bytes are refused, or decoded to the same message as by protobuf-es. */
  function agree(bytes: Uint8Array): void {
    let ours: unknown;
    try {
      ours = decoded(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(StatusError);
      expect((error as StatusError).message.startsWith(`the request is not a valid ${desc.typeName}: `)).toBe(true);
      return;
    }
    // A message that is accepted can be encoded again.
    codec.encode(ours as object, new Writer());
    // protobuf-es misreads unknown fields in a map entry as further fields of the entry.
    if (!hasForeignEntry(desc, bytes)) expect(ours).toEqual(expected(bytes));
  }

  it("refuses a truncated message, or reads the same as protobuf-es", () => {
    const [bytes] = fc.sample(init.map(bytesOf), { seed: SEED, numRuns: 1 });
    for (let end = 0; end < Math.min(bytes?.length ?? 0, 300); end++) agree((bytes as Uint8Array).subarray(0, end));
  });

  it("refuses arbitrary bytes, or reads the same as protobuf-es", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), agree), { seed: SEED, numRuns: 2 * numRuns });
  });

  it("refuses a damaged message, or reads the same as protobuf-es", () => {
    fc.assert(
      fc.property(init, fc.integer(), (value, chanceSeed) => {
        agree(damage(bytesOf(value), chanceOf(chanceSeed)));
      }),
      { seed: SEED, numRuns: 2 * numRuns },
    );
  });
}
