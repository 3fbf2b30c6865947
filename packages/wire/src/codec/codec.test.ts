import { describe, expect, it } from "@jest/globals";
import { messageCodec } from "./codec.js";
import { Malformed } from "./malformed.js";
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
