import { describe, expect, it } from "@jest/globals";
import { prefixOf } from "@kloset/wire/grpc";
import { MessageQueue } from "./message-queue.js";

function frame(payload: Uint8Array): Uint8Array {
  return Buffer.concat([prefixOf(payload.length), payload]);
}

function all(queue: MessageQueue): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let message = queue.next(); message !== undefined; message = queue.next()) messages.push(message);
  return messages;
}

describe("MessageQueue", () => {
  const messages = [new Uint8Array(0), Uint8Array.of(1), new Uint8Array(1000).fill(7)];
  const stream = Buffer.concat(messages.map(frame));

  it.each([1, 2, 5, 6, 7, stream.length])("finds messages in pieces of %d bytes", (size) => {
    const queue = new MessageQueue();
    const found: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) {
      queue.push(stream.subarray(at, at + size));
      found.push(...all(queue));
    }
    expect(found.map((message) => Buffer.from(message).toString("hex"))).toEqual(
      messages.map((message) => Buffer.from(message).toString("hex")),
    );
    expect(queue.isWhole).toBe(true);
  });

  it("reports an incomplete message", () => {
    const queue = new MessageQueue();
    queue.push(prefixOf(3));
    expect(queue.next()).toBeUndefined();
    expect(queue.isWhole).toBe(false);
  });

  it("rejects a message that is too large before it arrives, and accepts the largest", () => {
    const queue = new MessageQueue(10);
    queue.push(frame(new Uint8Array(10)));
    expect(queue.next()).toHaveLength(10);
    queue.push(prefixOf(11));
    expect(() => queue.next()).toThrow("received message larger than max (11 vs. 10)");
  });

  it("returns the messages before a rejected one, and stays rejected", () => {
    const queue = new MessageQueue(10);
    queue.push(Buffer.concat([frame(Uint8Array.of(1)), frame(Uint8Array.of(2)), prefixOf(11)]));
    expect([queue.next(), queue.next()]).toEqual(
      [Uint8Array.of(1), Uint8Array.of(2)].map((bytes) => Buffer.from(bytes)),
    );
    expect(() => queue.next()).toThrow("(11 vs. 10)");
    expect(() => queue.next()).toThrow("(11 vs. 10)");
  });

  it("rejects compression, which was not offered", () => {
    const queue = new MessageQueue();
    queue.push(Uint8Array.of(1, 0, 0, 0, 0));
    expect(() => queue.next()).toThrow("flags 1");
  });
});
