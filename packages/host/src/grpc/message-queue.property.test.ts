import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { prefixOf } from "@kloset/wire/grpc";
import { MessageQueue } from "./message-queue.js";

const SEED = 20260401;
const LIMIT = 64;

/** Decodes pieces, and reports messages and rejection. */
function decode(pieces: readonly Uint8Array[]): { messages: string[]; refused: boolean; incomplete: boolean } {
  const queue = new MessageQueue(LIMIT);
  const messages: string[] = [];
  for (const piece of pieces) {
    queue.push(piece);
    try {
      for (let message = queue.next(); message !== undefined; message = queue.next()) {
        messages.push(Buffer.from(message).toString("hex"));
      }
    } catch {
      return { messages, refused: true, incomplete: false };
    }
  }
  return { messages, refused: false, incomplete: !queue.isWhole };
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((place, i) => bytes.subarray(places[i], place));
}

describe("MessageQueue", () => {
  it("finds the same messages however the bytes are split", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: LIMIT }), { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.nat(70),
        (messages, at, missing) => {
          const whole = Buffer.concat(messages.flatMap((message) => [prefixOf(message.length), message]));
          const bytes = whole.subarray(0, Math.max(0, whole.length - missing));
          const found = decode(cut(bytes, at));
          expect(found).toEqual(decode([bytes]));
          expect(found.refused).toBe(false);
          const hex = messages.map((message) => Buffer.from(message).toString("hex"));
          expect(found.messages).toEqual(hex.slice(0, found.messages.length));
          if (missing === 0) expect(found).toEqual({ messages: hex, refused: false, incomplete: false });
        },
      ),
      { seed: SEED, numRuns: 500 },
    );
  });

  it("decodes arbitrary bytes alike however they are split, and never exceeds the limit", () => {
    const bytes = fc
      .array(fc.oneof(fc.constant(0), fc.constant(1), fc.nat(255)), { maxLength: 200 })
      .map((all) => Uint8Array.from(all));
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(), { maxLength: 12 }), (all, at) => {
        const found = decode(cut(all, at));
        expect(found).toEqual(decode([all]));
        for (const message of found.messages) expect(message.length / 2).toBeLessThanOrEqual(LIMIT);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});
