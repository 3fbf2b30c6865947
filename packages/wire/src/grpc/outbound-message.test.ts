import { expect, it } from "@jest/globals";
import type { MessageEncoder } from "../codec/message-codec.js";
import { MAX_KEPT_BYTES, OutboundMessage } from "./outbound-message.js";

const MiB = 1024 * 1024;

/** The size of the buffer at the beginning of each message. */
const found: number[] = [];
const codec: MessageEncoder = {
  typeName: "some.Text",
  encode: (message, writer) => {
    found.push(writer.buffer.length);
    const text = String(message);
    writer.reserve(text.length);
    writer.length += writer.buffer.write(text, writer.length, "latin1");
    return undefined;
  },
};

function contentOf(message: OutboundMessage): string {
  const target = Buffer.alloc(message.length);
  message.copy(target, 0, 0, message.length);
  return target.toString("latin1", 5);
}

it("does not reuse the memory of a long message, whether it was sent or refused", () => {
  const long = "x".repeat(10 * MiB);
  const sent = new OutboundMessage(codec, long, 20 * MiB);
  const next = new OutboundMessage(codec, "short", 20 * MiB);
  expect(() => new OutboundMessage(codec, long, MiB)).toThrow(
    "message size 10485760 is larger than configured writeMaxBytes 1048576",
  );
  const last = new OutboundMessage(codec, "last", MiB);
  for (const size of found) expect(size).toBeLessThanOrEqual(MAX_KEPT_BYTES);
  // Each still has its own content.
  sent.keep();
  last.keep();
  const other = new OutboundMessage(codec, "over", MiB);
  expect([contentOf(sent) === long, contentOf(last), contentOf(other), next.length]).toEqual([
    true,
    "last",
    "over",
    10,
  ]);
});
