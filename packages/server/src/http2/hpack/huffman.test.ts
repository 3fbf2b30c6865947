import { describe, expect, it } from "@jest/globals";
import { HpackError } from "./hpack-error.js";
import { decodeHuffman } from "./huffman.js";

/** Of RFC 7541, appendix B: some of each length. */
const codes: Readonly<Record<number, string>> = {
  0x30: "00000",
  0x61: "00011",
  0x74: "01001",
  0x20: "010100",
  0x3d: "100000",
  0x3a: "1011100",
  0x7a: "1111011",
  0x26: "11111000",
  0x58: "11111100",
  0x21: "1111111000",
  0x7c: "11111111100",
  0x23: "111111111010",
  0x24: "1111111111001",
  0x5e: "11111111111100",
  0x3c: "111111111111100",
  0x5c: "1111111111111110000",
  0x80: "11111111111111100110",
  0xff: "11111111111111111111101110",
  0x0a: "111111111111111111111111111100",
  0x16: "111111111111111111111111111110",
};

function pack(bits: string, padding = "1"): Buffer {
  const whole = bits.padEnd(Math.ceil(bits.length / 8) * 8, padding);
  return Buffer.from(whole.match(/.{8}/g)?.map((byte) => parseInt(byte, 2)) ?? []);
}

function decode(bytes: Buffer): string {
  const within = Buffer.concat([Buffer.of(0x55), bytes, Buffer.of(0x55)]);
  return decodeHuffman(within, 1, within.length - 1);
}

describe("Huffman-coded strings (RFC 7541, section 5.2)", () => {
  it("hold symbols of every length, at every bit", () => {
    for (const [symbol, code] of Object.entries(codes)) {
      for (let before = 0; before < 8; before += 1) {
        // "a" has 5 bits: each moves what follows.
        const bits = "00011".repeat(before) + code + "00011";
        expect(decode(pack(bits))).toBe(`${"a".repeat(before)}${String.fromCharCode(Number(symbol))}a`);
      }
    }
  });

  it("may be empty, and long", () => {
    expect(decode(Buffer.alloc(0))).toBe("");
    expect(decode(pack("00011".repeat(8000)))).toBe("a".repeat(8000));
    expect(decode(pack((codes[0x0a] ?? "").repeat(4000)))).toBe("\n".repeat(4000));
  });

  it.each<[string, Buffer]>([
    ["zeros", pack("00011", "0")],
    ["a whole byte of ones", Buffer.concat([pack("00011"), Buffer.of(0xff)])],
    ["a byte of ones alone", Buffer.of(0xff)],
    ["ones, and then something else", pack("00011110", "0")],
    ["a code that breaks off", pack("0001111111111", "0")],
  ])("padded with %s are rejected", (_, bytes) => {
    expect(() => decode(bytes)).toThrow(HpackError);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])("with the end of string after %d symbols are rejected", (before) => {
    expect(() => decode(pack(`${"00011".repeat(before)}${"1".repeat(30)}00011`))).toThrow("end-of-string");
  });
});
