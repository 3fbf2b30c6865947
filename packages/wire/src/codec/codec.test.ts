import { describe, expect, it } from "@jest/globals";
import { messageCodec } from "./codec.js";
import { deeper, deeperIn } from "./depth.js";
import { Malformed } from "./malformed.js";
import { bigintKey, boolKey, mapEntries, numberKey } from "./maps.js";
import * as numbers from "./numbers.js";
import { Reader } from "./reader.js";
import { jsonToStruct, structToJson } from "./struct.js";
import { Writer } from "./writer.js";

interface Part {
  readonly text: string;
  readonly number: bigint;
}

interface Whole {
  readonly parts: readonly Part[];
  readonly content: Uint8Array;
}

/** A shorter version of what the generator writes. */
const codec = messageCodec<Whole, Whole>(
  "some.Whole",
  (r) => {
    const parts: Part[] = [];
    let content: Uint8Array = new Uint8Array(0);
    while (r.position < r.end) {
      const tag = r.tag();
      if (tag === 0x0a) {
        const end = r.enter();
        expect(r.tag()).toBe(0x0a);
        const text = r.string();
        expect(r.tag()).toBe(0x10);
        parts.push({ text, number: r.int64() });
        r.leave(end);
      } else if (tag === 0x12) content = r.bytes();
      else r.unknown(tag, [undefined, "parts", "content"]);
    }
    return { parts, content };
  },
  (w, m) => {
    for (const { text, number } of m.parts) {
      const start = w.openMessage(0x0a, m, "some.Whole.parts");
      w.string(0x0a, text, "some.Part.text");
      w.int64(0x10, number, "some.Part.number");
      w.closeMessage(start);
    }
    return w.lastBytes(0x12, m.content, "some.Whole.content");
  },
);

const letters = ["a", "é", "€", "\u{1f600}"];

describe("strings around every length at which the encoding changes", () => {
  const lengths = [0, 1, 11, 12, 13, 23, 24, 25, 41, 42, 43, 63, 64, 126, 127, 128, 129, 5461, 5462, 16_383, 16_384];
  it.each(letters.flatMap((letter) => lengths.map((length) => [letter, length] as const)))(
    "%j by %d",
    (letter, length) => {
      const text = letter.repeat(length);
      const writer = new Writer();
      writer.string(0x0a, text, "some.Part.text");
      const written = writer.buffer.subarray(0, writer.length);
      const bytes = Buffer.from(text);
      expect(written.subarray(-bytes.length || writer.length).equals(bytes)).toBe(true);
      const whole = { parts: [{ text, number: -1n }], content: new Uint8Array(0) };
      writer.length = 0;
      codec.encode(whole, writer);
      expect(codec.decode(writer.buffer, 0, writer.length, true)).toEqual(whole);
    },
  );
});

it("keeps what is written when the buffer grows", () => {
  const writer = new Writer();
  const parts = Array.from({ length: 3000 }, (_, i) => ({
    text: `${letters[i % 4] ?? ""}${"x".repeat(i % 200)}`,
    number: BigInt(i) - 1500n,
  }));
  const content = new Uint8Array(16_383).fill(9);
  expect(codec.encode({ parts, content }, writer)).toBeUndefined();
  expect(codec.decode(writer.buffer, 0, writer.length, false)).toEqual({ parts, content });
});

it("appends a message to what is written", () => {
  const writer = new Writer();
  for (const text of ["one", "two"])
    codec.encode({ parts: [{ text, number: 1n }], content: new Uint8Array(0) }, writer);
  expect(codec.decode(writer.buffer, 0, writer.length, false).parts.map(({ text }) => text)).toEqual(["one", "two"]);
});

it("rethrows an error that is not about the bytes unchanged", () => {
  const failure = new Error("a mistake");
  const failing = messageCodec(
    "some.Thing",
    () => {
      throw failure;
    },
    () => undefined,
  );
  expect(() => failing.decode(new Uint8Array(0), 0, 0, false)).toThrow(failure);
});

it("names the message when its bytes are malformed", () => {
  const wrong = messageCodec(
    "some.Thing",
    () => {
      throw new Malformed("premature EOF");
    },
    () => undefined,
  );
  expect(() => wrong.decode(new Uint8Array(0), 0, 0, false)).toThrow(
    "the request is not a valid some.Thing: premature EOF",
  );
});

const FIELD = "some.Part.number";

describe("refuses a number that a field cannot hold", () => {
  it.each<[string, (w: Writer) => void]>([
    [
      "a double, got a string",
      (w) => {
        numbers.writeDouble(w, 9, "1" as never, FIELD);
      },
    ],
    [
      "a float, got 1e+39",
      (w) => {
        numbers.writeFloat(w, 13, 1e39, FIELD);
      },
    ],
    [
      "a fixed32, got -1",
      (w) => {
        numbers.writeFixed32(w, 13, -1, FIELD);
      },
    ],
    [
      "a fixed64, got -1n",
      (w) => {
        numbers.writeFixed64(w, 9, -1n, FIELD);
      },
    ],
    [
      "an sfixed32, got 0.5",
      (w) => {
        numbers.writeSfixed32(w, 13, 0.5, FIELD);
      },
    ],
    [
      "an sfixed64, got 9223372036854775808n",
      (w) => {
        numbers.writeSfixed64(w, 9, 2n ** 63n, FIELD);
      },
    ],
    [
      "an sint32, got 2147483648",
      (w) => {
        numbers.writeSint32(w, 8, 2 ** 31, FIELD);
      },
    ],
    [
      "an sint64, got 5",
      (w) => {
        numbers.writeSint64(w, 8, 5 as never, FIELD);
      },
    ],
    ["a string of decimal digits, got a string", () => numbers.longOf("0x1", FIELD)],
  ])("%s", (text, write) => {
    const writer = new Writer();
    expect(() => {
      write(writer);
    }).toThrow(`${FIELD}: expected ${text}`);
    expect(writer.length).toBe(0);
  });
});

it("refuses a number of fixed length that is truncated", () => {
  const reader = new Reader();
  for (const [read, length] of [
    [numbers.readDouble, 8],
    [numbers.readFixed32, 4],
    [numbers.readSfixed64, 8],
  ] as const) {
    reader.begin(new Uint8Array(length), 0, length - 1, false);
    expect(() => read(reader)).toThrow("premature EOF");
  }
});

describe("refuses a map that the wire cannot hold", () => {
  it.each<[string, () => unknown]>([
    ["a map, got an array", () => mapEntries([] as never, FIELD)],
    ["a map, got a Map", () => mapEntries(new Map() as never, FIELD)],
    ['a decimal integer as a map key, got "1.5"', () => numberKey("1.5", FIELD)],
    ['a decimal integer as a map key, got " 1"', () => bigintKey(" 1", FIELD)],
    ['a decimal integer as a map key, got "-0"', () => bigintKey("-0", FIELD)],
    ['"true" or "false" as a map key, got "1"', () => boolKey("1", FIELD)],
  ])("%s", (text, convert) => {
    expect(convert).toThrow(`${FIELD}: expected ${text}`);
  });
});

describe("a recursive message", () => {
  it("has at most 100 levels", () => {
    expect([deeper(98), deeperIn(FIELD, 98)]).toEqual([99, 99]);
    expect(() => deeper(99)).toThrow("maximum recursion depth reached");
    expect(() => deeperIn(FIELD, 99)).toThrow(`${FIELD}: expected at most 100 nested messages, got more`);
  });
});

describe("a JSON object", () => {
  it("keeps every value as a Struct, also with the key __proto__", () => {
    const json = JSON.parse('{"__proto__":[1,{"a":null}],"b":true,"c":"d","e":{}}') as Record<string, unknown>;
    const again = structToJson(jsonToStruct(json, FIELD));
    expect(JSON.stringify(again)).toBe(JSON.stringify(json));
  });

  it("is refused if it contains itself or a value that JSON cannot hold", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["own"] = cyclic;
    expect(() => jsonToStruct(cyclic, FIELD)).toThrow("expected at most 100 nested messages");
    expect(() => jsonToStruct({ a: undefined }, FIELD)).toThrow(`${FIELD}: expected a JSON value, got undefined`);
  });
});
