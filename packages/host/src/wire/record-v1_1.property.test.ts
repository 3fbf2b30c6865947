import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, it } from "@jest/globals";
import { fileModeOf, isRegularFile, type FileInfo, type FileType } from "@kloset/model";
import { connectors } from "@kloset/protocol/v1.1";
import fc from "fast-check";
import { exportedRecord, openedRecord, recordFromWire, resultHeader } from "./record-v1_1.js";

const SEED = 20260401;
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const text = fc.string({ unit: "grapheme", maxLength: 9 });
const types: FileType[] = [
  "file",
  "directory",
  "symlink",
  "fifo",
  "socket",
  "block-device",
  "char-device",
  "irregular",
];

const fileInfo: fc.Arbitrary<FileInfo> = fc.record({
  name: text,
  size: fc.maxSafeNat(),
  mode: fc.tuple(fc.constantFrom(...types), fc.nat(0o7777)).map(([type, bits]) => fileModeOf(type, bits)),
  modTime: fc.bigInt({ min: -62_135_596_800_000_000_000n, max: 253_402_300_799_999_999_999n }),
  dev: uint64,
  ino: uint64,
  uid: uint32,
  gid: uint32,
  nlink: fc.nat(0xffff),
  username: text,
  groupname: text,
  flags: uint32,
});

function overTheWire(init: MessageInitShape<typeof connectors.RecordSchema>): connectors.Record {
  const schema = connectors.RecordSchema;
  return fromBinary(schema, toBinary(schema, create(schema, init)));
}

it("keeps an entry on the wire, and the header of its result", () => {
  fc.assert(
    fc.property(
      text,
      fileInfo,
      text,
      fc.array(text, { maxLength: 3 }),
      fc.option(fc.maxSafeNat(), { nil: undefined }),
      (pathname, info, target, names, size) => {
        const wire = overTheWire(exportedRecord({ pathname, fileInfo: info, target, extendedAttributes: names }));
        expect(wire.hasReader).toBe(isRegularFile(info.mode));
        const record = recordFromWire(wire);
        expect(record).toMatchObject({ pathname, fileInfo: info, target, extendedAttributes: names, error: undefined });
        const header = recordFromWire(overTheWire(resultHeader(record, size)));
        expect(header).toEqual({ ...record, fileInfo: { ...info, size: size ?? info.size } });
        const opened = overTheWire(openedRecord(record));
        expect(opened).toMatchObject({ pathname, target, isXattr: false, hasReader: false });
        expect(opened.fileInfo).toBeUndefined();
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
});

it("keeps an extended attribute on the wire", () => {
  fc.assert(
    fc.property(
      text,
      text,
      fc.constantFrom("extended" as const, "ads" as const, "custom" as const),
      (pathname, name, kind) => {
        const attribute = { name, kind };
        const record = recordFromWire(overTheWire(exportedRecord({ pathname, attribute })));
        expect(record).toMatchObject({ pathname, attribute, fileInfo: undefined });
        expect(overTheWire(openedRecord(record))).toMatchObject({ pathname, isXattr: true, xattrName: name });
        expect(recordFromWire(overTheWire(resultHeader(record, undefined)))).toEqual(record);
      },
    ),
    { seed: SEED },
  );
});
