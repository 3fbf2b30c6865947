import type { MethodTable } from "@kloset/wire/grpc";
import { responseHeaders } from "../http2/header-blocks.js";
import type { Http2Connection } from "../http2/http2-connection.js";
import type { Http2Stream } from "../http2/http2-stream.js";
import { OutboundMessage } from "@kloset/wire/grpc";
import { sendStatus } from "./send-status.js";
import type { Status } from "./status.js";

/** The response of one call: headers before the first message, then messages, then the status. */
export class Response {
  readonly #connection: Http2Connection;
  readonly #stream: Http2Stream;
  readonly #method: MethodTable;
  readonly #maxMessageBytes: number;
  #hasHeaders = false;

  constructor(connection: Http2Connection, stream: Http2Stream, method: MethodTable, maxMessageBytes: number) {
    this.#connection = connection;
    this.#stream = stream;
    this.#method = method;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** True while messages are still queued: a status would wait behind them. */
  get isQueued(): boolean {
    return this.#stream.outgoing.length > 0;
  }

  /**
   * Sends one message.
   *
   * @returns undefined when it was sent at once, which is the usual case.
   * @throws StatusError RESOURCE_EXHAUSTED for a message that is too long, and any error of the codec.
   */
  send(message: unknown): Promise<void> | undefined {
    const outbound = new OutboundMessage(this.#method.output, message, this.#maxMessageBytes);
    if (!this.#hasHeaders) {
      this.#hasHeaders = true;
      this.#connection.sendHeaders(this.#stream, responseHeaders, false);
    }
    if (this.#connection.sendNow(this.#stream, outbound)) return undefined;
    const sent: { isDone: boolean; resolve?: () => void } = { isDone: false };
    this.#connection.sendData(this.#stream, outbound, false, () => {
      sent.isDone = true;
      sent.resolve?.();
    });
    if (sent.isDone) return undefined;
    outbound.keep();
    // The message may share the implementation's memory, so the implementation waits until it is copied.
    return new Promise((resolve, reject) => {
      sent.resolve = (): void => {
        if (!outbound.isLost) resolve();
        else reject(new Error("the bytes of a message were transferred or resized while it was sent"));
      };
    });
  }

  /** Ends the response. */
  sendStatus(status: Status): void {
    sendStatus(this.#connection, this.#stream, status, this.#hasHeaders);
  }
}
