import { describe, expect, it } from "@jest/globals";
import { FrameDecoder, framePrefix } from "./frames.js";

function frame(payload: Uint8Array): Uint8Array {
  return Buffer.concat([framePrefix(payload.length), payload]);
}

function all(decoder: FrameDecoder): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let message = decoder.next(); message !== undefined; message = decoder.next()) messages.push(message);
  return messages;
}

describe("FrameDecoder", () => {
  const messages = [new Uint8Array(0), Uint8Array.of(1), new Uint8Array(1000).fill(7)];
  const stream = Buffer.concat(messages.map(frame));

  it.each([1, 2, 5, 6, 7, stream.length])("finds messages in pieces of %d bytes", (size) => {
    const decoder = new FrameDecoder();
    const found: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) {
      decoder.push(stream.subarray(at, at + size));
      found.push(...all(decoder));
    }
    expect(found.map((message) => Buffer.from(message).toString("hex"))).toEqual(
      messages.map((message) => Buffer.from(message).toString("hex")),
    );
    expect(decoder.incomplete).toBe(false);
  });

  it("reports an incomplete message", () => {
    const decoder = new FrameDecoder();
    decoder.push(framePrefix(3));
    expect(decoder.next()).toBeUndefined();
    expect(decoder.incomplete).toBe(true);
  });

  it("rejects a message that is too large before it arrives, and accepts the largest", () => {
    const decoder = new FrameDecoder(10);
    decoder.push(frame(new Uint8Array(10)));
    expect(decoder.next()).toHaveLength(10);
    decoder.push(framePrefix(11));
    expect(() => decoder.next()).toThrow("received message larger than max (11 vs. 10)");
  });

  it("rejects compression, which was not offered", () => {
    const decoder = new FrameDecoder();
    decoder.push(Uint8Array.of(1, 0, 0, 0, 0));
    expect(() => decoder.next()).toThrow("flags 1");
  });
});
