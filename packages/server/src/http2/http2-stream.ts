import type { RequestHead } from "./request-head.js";

/** Bytes that can be copied out piece by piece, forwards. */
export interface Body {
  readonly length: number;
  copy(target: Uint8Array, targetStart: number, from: number, to: number): void;
}

/** What waits to be sent on a stream, in order. */
export type Outgoing =
  | { readonly type: "headers"; readonly block: Uint8Array; readonly endStream: boolean }
  | {
      readonly type: "data";
      readonly body: Body;
      readonly endStream: boolean;
      sent: number;
      readonly done: () => void;
    };

/** Who answers a stream. */
export interface StreamHandler {
  /** Content; borrowed memory. */
  onData(bytes: Uint8Array, start: number, end: number): void;
  /** The host has half-closed the stream. */
  onEnd(): void;
  /** The stream is over before its end. Nothing can be sent on it any more. */
  onCut(reason: Error): void;
  /** The stream has ended well, in both directions or by our own hand. */
  onClose(): void;
  /** Bytes that have come and that nobody has done with, with what they cost. */
  readonly unreadBytes: number;
}

/** The state of one stream (RFC 9113, section 5.1). It is kept while it is open or half-closed. */
export class Http2Stream {
  handler: StreamHandler | undefined;
  hostEnded = false;
  pluginEnded = false;
  isClosed = false;
  /** What may be sent (RFC 9113, section 6.9). */
  sendWindow: number;
  /** What the host may send. */
  receiveWindow: number;
  /** What it may be allowed again: told when that is much. */
  credit = 0;
  /** Of `content-length`; -1 when the host did not say. */
  contentLeft: number;
  readonly outgoing: Outgoing[] = [];

  constructor(
    readonly id: number,
    readonly head: RequestHead,
    windows: { readonly send: number; readonly receive: number },
  ) {
    this.sendWindow = windows.send;
    this.receiveWindow = windows.receive;
    this.contentLeft = head.contentLength;
  }
}
