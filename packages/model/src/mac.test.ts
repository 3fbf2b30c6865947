import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Mac, MAC_LENGTH } from "./mac.js";

// Fixed seed: the same cases in every run.
fc.configureGlobal({ seed: 20260401 });

const macBytes = fc.uint8Array({ minLength: MAC_LENGTH, maxLength: MAC_LENGTH });

describe("Mac", () => {
  it("is equal whether made from bytes or from hex", () => {
    fc.assert(
      fc.property(macBytes, (bytes) => {
        const mac = Mac.fromBytes(bytes);
        expect(mac.hex).toBe(Buffer.from(bytes).toString("hex"));
        expect(Mac.fromHex(mac.hex).bytes).toEqual(mac.bytes);
        expect(Mac.fromHex(mac.hex.toUpperCase()).equals(mac)).toBe(true);
        expect(String(mac)).toBe(mac.hex);
      }),
    );
  });

  it("does not change when the caller reuses its buffer", () => {
    const buffer = Buffer.alloc(MAC_LENGTH, 1);
    const mac = Mac.fromBytes(buffer);
    buffer.fill(2);
    expect(mac.bytes).toEqual(new Uint8Array(MAC_LENGTH).fill(1));
  });

  it.each([0, 31, 33, 64])("rejects %d bytes", (length) => {
    expect(() => Mac.fromBytes(new Uint8Array(length))).toThrow(new RangeError(`a MAC has 32 bytes, not ${length}`));
  });

  it.each(["", "0".repeat(63), "0".repeat(65), "g".repeat(64), `${"0".repeat(64)}\n`, ` ${"0".repeat(63)}`])(
    "rejects the hex %j",
    (hex) => {
      expect(() => Mac.fromHex(hex)).toThrow(new RangeError(`a MAC has 64 hexadecimal digits: ${JSON.stringify(hex)}`));
    },
  );

  it("distinguishes two MACs", () => {
    expect(Mac.fromBytes(new Uint8Array(MAC_LENGTH)).equals(Mac.fromBytes(new Uint8Array(MAC_LENGTH).fill(1)))).toBe(
      false,
    );
  });
});
