import { create, fromJson, toJson } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { fileInfoOf } from "@kloset/model";
import { connectors } from "@kloset/protocol/v1.1";
import { fileInfoToWire } from "./file-info.js";
import { exportedRecord, openedRecord, recordFromWire, resultHeader } from "./record-v1_1.js";

const schema = connectors.RecordSchema;
const fileInfo = fileInfoOf({ name: "f", size: 3, ino: 9n });

describe("extended attributes", () => {
  it.each([
    ["extended", 0, undefined],
    // 1 is called EXTENDED in the proto. Hosts mean ADS.
    ["ads", 1, "EXTENDED_ATTRIBUTE_TYPE_EXTENDED"],
    ["custom", 2, "EXTENDED_ATTRIBUTE_TYPE_ADS"],
  ] as const)("of kind %s are %d on the wire, and back", (kind, number, shown) => {
    const entry = { pathname: "/f", attribute: { name: "user.color", kind } };
    const wire = create(schema, exportedRecord(entry));
    expect(wire.xattrType).toBe(number);
    expect(toJson(schema, wire)).toEqual({
      hasReader: true,
      pathname: "/f",
      isXattr: true,
      xattrName: "user.color",
      ...(shown === undefined ? {} : { xattrType: shown }),
    });
    const record = recordFromWire(wire);
    expect(record.attribute).toEqual({ name: "user.color", kind });
    expect(toJson(schema, create(schema, openedRecord(record)))).not.toHaveProperty("hasReader");
    expect(create(schema, resultHeader(record, 5)).fileInfo).toBeUndefined();
  });

  it("of another type are rejected", () => {
    const wire = fromJson(schema, { pathname: "/f", isXattr: true, xattrType: 3 });
    expect(() => recordFromWire(wire)).toThrow("type 3");
  });
});

describe("results", () => {
  it("contain the actual size, and declare a reader for a file", () => {
    const record = recordFromWire(create(schema, { pathname: "/f", fileInfo: fileInfoToWire(fileInfo) }));
    const header = create(schema, resultHeader(record, 5));
    expect(header).toMatchObject({ hasReader: true, pathname: "/f", fileInfo: { size: 5n, ino: 9n } });
    expect(create(schema, resultHeader(record, undefined)).fileInfo?.size).toBe(3n);
  });

  it("contain the actual size of a file whose size was unknown, once it was read", () => {
    const unknown = { ...fileInfoToWire(fileInfo), size: -1n };
    const record = recordFromWire(create(schema, { pathname: "/f", fileInfo: unknown }));
    expect(create(schema, resultHeader(record, 5)).fileInfo?.size).toBe(5n);
    expect(create(schema, resultHeader(record, undefined)).fileInfo?.size).toBe(-1n);
  });

  it("of errors contain the error and no fileInfo", () => {
    const record = recordFromWire(create(schema, { pathname: "/f", error: "denied" }));
    expect(toJson(schema, create(schema, resultHeader(record, undefined)))).toEqual({
      pathname: "/f",
      error: "denied",
    });
  });
});

describe("records", () => {
  it("need a fileInfo unless they are errors or attributes", () => {
    expect(() => recordFromWire(create(schema, { pathname: "/f" }))).toThrow("invalid record /f: missing fileinfo");
  });

  it("of directories have no reader on export", () => {
    const directory = { pathname: "/d", fileInfo: fileInfoOf({ type: "directory" }) };
    expect(create(schema, exportedRecord(directory)).hasReader).toBe(false);
  });
});
