import type { Duplex } from "node:stream";
import { CONTENT_BYTES } from "../limits.js";

/** The events of a {@link Channel}. */
export interface ChannelEvents {
  /** Receives bytes. They are borrowed: their memory is reused after the call. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Called once, when the channel has ended in both directions. The end of input is not an error. */
  readonly onClose: (error?: Error) => void;
}

/**
 * The connection of a server, without Node streams in between: these cost a copy and
 * some turns of the event loop for each chunk.
 */
export interface Channel {
  /** The most bytes of content that one {@link Channel.write} should hold. May change between writes. */
  readonly contentBytes: number;
  /** Begins to read. Called once; only {@link Channel.write} may be called before it. */
  start(events: ChannelEvents): void;
  /**
   * Sends bytes.
   *
   * @param bytes - Must not change before `written`.
   * @param written - Called when they have been sent, after this call has returned; never if the channel ends first.
   */
  write(bytes: Uint8Array, written: () => void): void;
  /** Stops reading until {@link Channel.resume}. Bytes that were already read may still arrive. */
  pause(): void;
  resume(): void;
  /** Ends both directions and calls `onClose`. Written bytes may still be sent. */
  close(error?: Error): void;
}

/** Wraps a duplex, which belongs to the channel from then on. */
export function channelOf(duplex: Duplex): Channel {
  let isClosed = false;
  return {
    contentBytes: CONTENT_BYTES,
    start({ onBytes, onClose }) {
      const closed = (error?: Error): void => {
        if (isClosed) return;
        isClosed = true;
        duplex.off("data", onBytes).off("end", ended);
        duplex.destroy(error);
        onClose(error);
      };
      const ended = (): void => {
        closed();
      };
      const failed = (error: Error): void => {
        closed(error);
      };
      duplex.on("data", onBytes).on("end", ended).on("error", failed);
      duplex.once("close", () => {
        closed();
        duplex.off("error", failed);
      });
      if (duplex.destroyed) process.nextTick(closed);
    },
    write(bytes, written) {
      // Copied, because a stream may call back before its bytes are read.
      duplex.write(Buffer.from(bytes), (error) => {
        // The duplex emits the error itself.
        if (error === null || error === undefined) written();
      });
    },
    pause: () => void duplex.pause(),
    resume: () => void duplex.resume(),
    close: (error) => void duplex.destroy(error),
  };
}
