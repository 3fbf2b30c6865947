import type { Duplex } from "node:stream";

/** What a {@link Channel} tells. */
export interface ChannelEvents {
  /** Bytes have come. They are borrowed: their memory is used again after the call. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Nothing more will come or go. Told once. The end of input is no error. */
  readonly onClose: (error?: Error) => void;
}

/**
 * A connection as a server of ours wants it: without streams between, which
 * cost a copy and some turns of the event loop for each chunk.
 */
export interface Channel {
  /** Begins to read. Called once; nothing but {@link Channel.write} comes before it. */
  start(events: ChannelEvents): void;
  /**
   * Sends bytes.
   *
   * @param bytes - Must not change before `written`.
   * @param written - Called when they have left, later than this call returns; never when the channel ends before.
   */
  write(bytes: Uint8Array, written: () => void): void;
  /** Reads no further until {@link Channel.resume}. What was read already may still be told. */
  pause(): void;
  resume(): void;
  /** Ends both directions. What was written may still leave; `onClose` is told. */
  close(error?: Error): void;
}

/** A duplex as a channel. It belongs to the channel from then on. */
export function channelOf(duplex: Duplex): Channel {
  let isClosed = false;
  return {
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
      // A copy: a stream may call back when it has passed the bytes on, and they are not read yet.
      duplex.write(Buffer.from(bytes), (error) => {
        // An error is told by the duplex itself.
        if (error === null || error === undefined) written();
      });
    },
    pause: () => void duplex.pause(),
    resume: () => void duplex.resume(),
    close: (error) => void duplex.destroy(error),
  };
}
