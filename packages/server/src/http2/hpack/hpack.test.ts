import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { encodeHeaders, HpackDecoder, HpackError, type HeaderField } from "./index.js";

// The same cases in every run.
fc.configureGlobal({ seed: 20261124 });

const limits = { maxTableBytes: 4096, maxListBytes: 65_536, maxFields: 256 };

function decodeAll(blocks: readonly string[], maxTableBytes = 4096): (readonly HeaderField[])[] {
  const decoder = new HpackDecoder({ ...limits, maxTableBytes });
  return blocks.map((hex) => {
    const block = Buffer.from(hex.replaceAll(" ", ""), "hex");
    return decoder.decode(block, 0, block.length).fields;
  });
}

const requests: HeaderField[][] = [
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
  ],
  [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "www.example.com"],
    ["cache-control", "no-cache"],
  ],
  [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ],
];
const [date1, date2] = ["Mon, 21 Oct 2013 20:13:21 GMT", "Mon, 21 Oct 2013 20:13:22 GMT"];
const location: HeaderField = ["location", "https://www.example.com"];
const responses: HeaderField[][] = [
  [[":status", "302"], ["cache-control", "private"], ["date", date1], location],
  [[":status", "307"], ["cache-control", "private"], ["date", date1], location],
  [
    [":status", "200"],
    ["cache-control", "private"],
    ["date", date2],
    location,
    ["content-encoding", "gzip"],
    ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
  ],
];

/** RFC 7541, appendix C. */
describe("the examples of RFC 7541", () => {
  it.each<[string, string, HeaderField]>([
    ["C.2.1", "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572", ["custom-key", "custom-header"]],
    ["C.2.2", "040c 2f73 616d 706c 652f 7061 7468", [":path", "/sample/path"]],
    ["C.2.3", "1008 7061 7373 776f 7264 0673 6563 7265 74", ["password", "secret"]],
    ["C.2.4", "82", [":method", "GET"]],
  ])("%s", (_, block, field) => {
    expect(decodeAll([block])).toEqual([[field]]);
  });

  it.each<[string, string[]]>([
    [
      "C.3",
      [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
      ],
    ],
    [
      "C.4, with Huffman",
      [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
      ],
    ],
  ])("%s: requests", (_, blocks) => {
    expect(decodeAll(blocks)).toEqual(requests);
  });

  it("C.6: responses, with Huffman and a table that evicts", () => {
    const blocks = [
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
      "4883 640e ffc1 c0bf",
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    expect(decodeAll(blocks, 256)).toEqual(responses);
  });
});

describe("an encoded list", () => {
  it("is decoded to the same", () => {
    const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 40 }), (fields) => {
        const block = encodeHeaders(fields);
        expect(new HpackDecoder(limits).decode(block, 0, block.length)).toEqual({ fields, tooLarge: false });
      }),
    );
  });
});

describe("a malformed block", () => {
  it.each<[string, string]>([
    ["index 0", "80"],
    ["an index beyond the tables", "be"],
    ["a number without end", "ff 8080 8080 8080 8080 8080 80"],
    ["a number that is too large", "ff ffff ffff ff7f"],
    ["a number that breaks off", "ff"],
    ["a string that breaks off", "000a 61"],
    ["a name without a value", "0001 61"],
    ["a table size update behind a field", "82 20"],
    ["a table larger than allowed", "3f e2 1f"],
    ["Huffman padding of zeros", "0001 6181 18"],
    ["Huffman padding of a byte", "0001 6182 1fff"],
    ["Huffman's end of string", "0001 6184 ffff ffff"],
  ])("%s is refused", (_, hex) => {
    expect(() => decodeAll([hex])).toThrow(HpackError);
  });

  it("of random bytes is refused or decoded, and never hangs", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (block) => {
        try {
          expect(new HpackDecoder(limits).decode(block, 0, block.length).fields.length).toBeLessThanOrEqual(256);
        } catch (error) {
          expect(error).toBeInstanceOf(HpackError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

it("reports a list that is too large, and keeps the table in step", () => {
  const decoder = new HpackDecoder(limits);
  const entry = Buffer.concat([Buffer.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4000, 0x62)]);
  const bomb = Buffer.concat([entry, Buffer.alloc(10_000, 0xbe)]);
  const { fields, tooLarge } = decoder.decode(bomb, 0, bomb.length);
  expect(tooLarge).toBe(true);
  expect(fields.length).toBeLessThan(20);
  expect(decoder.decode(Buffer.from([0xbe]), 0, 1).fields[0]?.[1]).toHaveLength(4000);
});
