import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { InboundMessages } from "./inbound-messages.js";
import { releaseMemory, takeMemory } from "./message-memory.js";
import { writePrefix } from "./message-prefix.js";

// A fixed seed, so that every run has the same cases.
fc.configureGlobal({ seed: 20261129 });

const KIB = 1024;

/** Takes all memory that waits, so that a test begins with none. */
function takeAll(size: number): void {
  for (let n = 0; n < 200; n++) takeMemory(size);
}

describe("releaseMemory", () => {
  it("makes the next message of a similar size use the memory again", () => {
    const released = takeMemory(300 * KIB).fill(7);
    releaseMemory(released);
    expect(takeMemory(100 * KIB)).toHaveLength(100 * KIB);
    expect(takeMemory(301 * KIB)).toHaveLength(301 * KIB);
    const again = takeMemory(200 * KIB);
    expect(again).toHaveLength(300 * KIB);
    expect(again[300 * KIB - 1]).toBe(7);
    expect(takeMemory(200 * KIB)).toHaveLength(200 * KIB);
  });

  it("empties all views of the memory, so that a late reader gets no bytes of another message", () => {
    const memory = takeMemory(70 * KIB).fill(1);
    const part = memory.subarray(10, 20);
    releaseMemory(part);
    expect([memory.length, part.length]).toEqual([0, 0]);
    const next = takeMemory(70 * KIB).fill(2);
    // A second release of the first memory must not take it away from its new user.
    releaseMemory(memory);
    releaseMemory(part);
    expect(takeMemory(70 * KIB).buffer).not.toBe(next.buffer);
    expect(next).toHaveLength(70 * KIB);
  });

  it("leaves memory alone that came from elsewhere, small memory, and memory that was transferred", () => {
    const foreign = new Uint8Array(100 * KIB);
    const pooled = Buffer.from("a slab of Node's pool");
    const small = takeMemory(64 * KIB - 1);
    for (const memory of [foreign, pooled, small]) {
      const { length } = memory;
      releaseMemory(memory);
      expect(memory).toHaveLength(length);
    }
    const transferred = takeMemory(100 * KIB);
    structuredClone(transferred.buffer, { transfer: [transferred.buffer as ArrayBuffer] });
    releaseMemory(transferred);
    expect(takeMemory(100 * KIB)).toHaveLength(100 * KIB);
  });

  it("keeps at most 8 MiB", () => {
    const size = 1024 * KIB;
    takeAll(size);
    const taken = Array.from({ length: 12 }, () => takeMemory(size));
    for (const [n, memory] of taken.entries()) releaseMemory(memory.fill(101 + n));
    expect(taken.map(({ length }) => length)).toEqual(taken.map(() => 0));
    const next = Array.from({ length: 12 }, () => takeMemory(size));
    // New memory is not cleared, so it may hold the bytes of the four that were not kept: 109 to 112.
    const kept = Array.from({ length: 8 }, (_, n) => new Uint8Array(size).fill(101 + n));
    expect(next.map((memory) => kept.some((bytes) => Buffer.compare(bytes, memory) === 0))).toEqual(
      next.map((_, n) => n < 8),
    );
  });
});

describe("messages in memory that is used again", () => {
  it("keep their bytes until they are released", () => {
    const message = fc.record({
      length: fc.integer({ min: 60 * KIB, max: 200 * KIB }),
      isReleased: fc.boolean(),
      chunk: fc.integer({ min: 1, max: 70 * KIB }),
    });
    fc.assert(
      fc.property(fc.array(message, { minLength: 2, maxLength: 12 }), (messages) => {
        const kept: { bytes: Uint8Array; value: number }[] = [];
        const arrived: Uint8Array[] = [];
        const inbound = new InboundMessages(
          {
            typeName: "test.Bytes",
            decode: (bytes, start, end, isBorrowed) =>
              isBorrowed ? bytes.slice(start, end) : bytes.subarray(start, end),
          },
          1024 * KIB,
          { allocatedBytes: 0 },
          {
            onMessage: (value) => {
              arrived.push(value as Uint8Array);
            },
            onError: (error) => {
              throw error;
            },
          },
        );
        for (const [n, { length, isReleased, chunk }] of messages.entries()) {
          const sent = new Uint8Array(5 + length).fill(n + 1, 5);
          writePrefix(sent, length);
          for (let at = 0; at < sent.length; at += chunk) inbound.read(sent, at, Math.min(at + chunk, sent.length));
          const bytes = arrived.at(n);
          if (bytes?.length !== length) throw new Error(`message ${n + 1} has ${String(bytes?.length)} bytes`);
          if (isReleased) releaseMemory(bytes);
          else kept.push({ bytes, value: n + 1 });
        }
        for (const { bytes, value } of kept) {
          if (bytes.some((byte) => byte !== value)) throw new Error(`message ${value} was overwritten`);
        }
      }),
      { numRuns: 100 },
    );
  });
});
