/**
 * Holds the reading of acknowledgements, which leaves out what nobody reads, to the
 * reading of all: the same is refused, in the same words, and the rest is the same.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { importerTable } from "./src/v1_1/importer_table.js";
import { ImportRequestCodec } from "./src/v1_1/importer_codec.js";
import { ImportRequestSchema, type ImportRequest } from "./src/v1_1/importer_pb.js";
import { initOf } from "./testing/arbitrary.js";
import { chanceOf, damage, scramble } from "./testing/scramble.js";

const SEED = 20261125;
const NUM_RUNS = 500;

function tableDecoder() {
  const method = importerTable.methods.find(({ localName }) => localName === "import");
  if (method === undefined) throw new Error("there is no import");
  return method.input;
}

const input = tableDecoder();
const init = initOf(ImportRequestSchema);
const bytesOf = (value: Record<string, unknown>): Uint8Array =>
  toBinary(ImportRequestSchema, create(ImportRequestSchema, value));

/** What is read, or why it is refused; without the field. */
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

/** As hosts send it. */
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
  it("is read without what is known of its file, if that is as hosts send it", () => {
    const bytes = bytesOf(acknowledgement);
    const message = input.decode(bytes, 0, bytes.length, false) as ImportRequest;
    const all = fromBinary(ImportRequestSchema, bytes);
    expect(all.result?.header?.fileInfo?.name).toBe("file");
    expect(message.result?.header?.fileInfo).toBeUndefined();
    expect(message.result?.header).toMatchObject({ pathname: "/folder/file", hasReader: true, fileAttributes: 7 });
    expect(message.result?.error).toBe("not kept");
  });

  it("is read with it as part of any other message, also right after", () => {
    const bytes = bytesOf(acknowledgement);
    input.decode(bytes, 0, bytes.length, false);
    expect(ImportRequestCodec.decode(bytes, 0, bytes.length, false)).toEqual(fromBinary(ImportRequestSchema, bytes));
  });

  it("is refused wherever it is broken off, or changed, in the words in which it is read whole", () => {
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

  it("is the same but for that, whatever it holds", () => {
    fc.assert(
      fc.property(init, init, fc.integer(), (one, other, chanceSeed) => {
        agree(bytesOf(one));
        agree(scramble(ImportRequestSchema, Buffer.concat([bytesOf(one), bytesOf(other)]), chanceOf(chanceSeed)));
      }),
      { seed: SEED, numRuns: NUM_RUNS },
    );
  });

  it("is refused as it is otherwise, or is the same, when bytes of it are changed", () => {
    fc.assert(
      fc.property(init, fc.integer(), (value, chanceSeed) => {
        agree(damage(bytesOf(value), chanceOf(chanceSeed)));
      }),
      { seed: SEED, numRuns: 4 * NUM_RUNS },
    );
  });
});
