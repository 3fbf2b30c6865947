import { Code, ConnectError } from "@connectrpc/connect";
import { writeUint32 } from "@kloset/connection/serving";
import type { MessageCodec } from "./codec.js";
import type { Body } from "./http2-stream.js";
import { prefixLength } from "./inbound-messages.js";

/** One message of a response, with its prefix. */
export class OutboundMessage implements Body {
  readonly #prefix = new Uint8Array(prefixLength);
  readonly #bytes: Uint8Array;
  readonly length: number;

  /** @throws ConnectError RESOURCE_EXHAUSTED when it is too long. */
  constructor(codec: MessageCodec, message: unknown, maxBytes: number) {
    this.#bytes = codec.encode(message);
    const { length } = this.#bytes;
    if (length > maxBytes) {
      const text = `message size ${String(length)} is larger than configured writeMaxBytes ${String(maxBytes)}`;
      throw new ConnectError(text, Code.ResourceExhausted);
    }
    writeUint32(this.#prefix, 1, length);
    this.length = prefixLength + length;
  }

  copy(target: Uint8Array, targetStart: number, from: number, to: number): void {
    let at = targetStart;
    let start = from;
    for (; start < Math.min(to, prefixLength); start += 1, at += 1) target[at] = this.#prefix[start] ?? 0;
    if (start < to) target.set(this.#bytes.subarray(start - prefixLength, to - prefixLength), at);
  }
}
