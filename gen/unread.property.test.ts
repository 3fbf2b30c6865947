/**
 * Compares the decoder of acknowledgements in the table, which leaves out the unread field, with the complete codec:
 * both refuse the same bytes with the same text, and agree on all other fields.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { importerTable } from "./src/v1_1/importer_table.js";
import { ImportRequestCodec } from "./src/v1_1/importer_codec.js";
import { ImportRequestSchema, type ImportRequest } from "./src/v1_1/importer_pb.js";
import { initOf } from "./testing/arbitrary.js";
import "./testing/byte-equality.js";
import { chanceOf, damage, scramble } from "./testing/scramble.js";

const SEED = 20261125;
const NUM_RUNS = 500;

function tableDecoder() {
  const method = importerTable.methods.find(({ localName }) => localName === "import");
  if (method === undefined) throw new Error("the importer table has no method import");
  return method.input;
}

const input = tableDecoder();
const init = initOf(ImportRequestSchema);
const bytesOf = (value: Record<string, unknown>): Uint8Array =>
  toBinary(ImportRequestSchema, create(ImportRequestSchema, value));

/** Returns the message without the unread field, or the text of the refusal. */
function outcome(decode: () => unknown): unknown {
  try {
    const message = decode() as ImportRequest;
    if (message.result?.header !== undefined) delete message.result.header.fileInfo;
    return message;
  } catch (error) {
    return String(error);
  }
}

function agree(bytes: Uint8Array): void {
  const all = outcome(() => ImportRequestCodec.decode(bytes, 0, bytes.length, false));
  expect(outcome(() => input.decode(bytes, 0, bytes.length, false))).toEqual(all);
}

/** An acknowledgement as hosts send it. */
const acknowledgement = {
  result: {
    header: {
      pathname: "/folder/file",
      hasReader: true,
      fileInfo: {
        name: "file",
        size: 1n << 40n,
        mode: 0o644,
        modTime: { seconds: 1_700_000_000n, nanos: 5 },
        dev: 1n,
        ino: (1n << 63n) - 1n,
        uid: 1000n,
        gid: 1000n,
        nlink: 1,
        username: "someone",
        groupname: "all",
      },
      fileAttributes: 7,
    },
    error: "not kept",
  },
};

describe("an acknowledgement", () => {
  it("is decoded without fileInfo when it has the form that hosts send", () => {
    const bytes = bytesOf(acknowledgement);
    const message = input.decode(bytes, 0, bytes.length, false) as ImportRequest;
    const all = fromBinary(ImportRequestSchema, bytes);
    expect(all.result?.header?.fileInfo?.name).toBe("file");
    expect(message.result?.header?.fileInfo).toBeUndefined();
    expect(message.result?.header).toMatchObject({ pathname: "/folder/file", hasReader: true, fileAttributes: 7 });
    expect(message.result?.error).toBe("not kept");
  });

  it("is decoded with fileInfo by the codec, also right after", () => {
    const bytes = bytesOf(acknowledgement);
    input.decode(bytes, 0, bytes.length, false);
    expect(ImportRequestCodec.decode(bytes, 0, bytes.length, false)).toEqual(fromBinary(ImportRequestSchema, bytes));
  });

  it("is refused with the same text as by the codec when it is truncated or has a changed byte", () => {
    const bytes = bytesOf(acknowledgement);
    for (let end = 0; end <= bytes.length; end += 1) agree(bytes.subarray(0, end));
    for (let at = 0; at < bytes.length; at += 1) {
      for (let value = 0; value < 256; value += 1) {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        agree(changed);
      }
    }
  });

  it("is the same except for fileInfo, whatever it contains", () => {
    fc.assert(
      fc.property(init, init, fc.integer(), (one, other, chanceSeed) => {
        agree(bytesOf(one));
        agree(scramble(ImportRequestSchema, Buffer.concat([bytesOf(one), bytesOf(other)]), chanceOf(chanceSeed)));
      }),
      { seed: SEED, numRuns: NUM_RUNS },
    );
  });

  it("is refused with the same text, or is the same, when it is damaged", () => {
    fc.assert(
      fc.property(init, fc.integer(), (value, chanceSeed) => {
        agree(damage(bytesOf(value), chanceOf(chanceSeed)));
      }),
      { seed: SEED, numRuns: 4 * NUM_RUNS },
    );
  });
});
