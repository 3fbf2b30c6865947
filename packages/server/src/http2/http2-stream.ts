import type { RequestHead } from "./request-head.js";

/** Bytes that can be copied in consecutive pieces. */
export interface Body {
  readonly length: number;
  copy(target: Uint8Array, targetStart: number, from: number, to: number): void;
}

/** An item in the send queue of a stream. */
export type Outgoing =
  | { readonly type: "headers"; readonly block: Uint8Array; readonly endStream: boolean }
  | {
      readonly type: "data";
      readonly body: Body;
      readonly endStream: boolean;
      sent: number;
      readonly done: () => void;
    };

/** Receives the events of a stream. */
export interface StreamHandler {
  /** Receives content in borrowed memory. */
  onData(bytes: Uint8Array, start: number, end: number): void;
  /** Called when the host has half-closed the stream. */
  onEnd(): void;
  /** Called when the stream is cut off. It can no longer send. */
  onCut(reason: Error): void;
  /** Called when the stream has completed: both sides have ended, or this side has. */
  onClose(): void;
  /** Received bytes that have not been processed, including their overhead. */
  readonly unreadBytes: number;
}

/** The state of one stream (RFC 9113, section 5.1). It is kept while it is open or half-closed. */
export class Http2Stream {
  handler: StreamHandler | undefined;
  hostEnded = false;
  pluginEnded = false;
  isClosed = false;
  /** The window for sending (RFC 9113, section 6.9). */
  sendWindow: number;
  /** The host's window for sending. */
  receiveWindow: number;
  /** Credited bytes that WINDOW_UPDATE has not announced yet. */
  credit = 0;
  /** Bytes left of `content-length`; -1 without that header. */
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
