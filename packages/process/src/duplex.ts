import { Socket } from "node:net";
import { Duplex, type Readable, type Writable } from "node:stream";
import type { Guard } from "./descriptors.js";
import { takeEarlyInput } from "./early-input.js";
import { descriptorKind } from "./platform.js";

/**
 * Number of bytes read ahead of a paused consumer: enough to reach the end of the input behind a full pipe (64 KiB)
 * while the output is blocked.
 */
const READ_AHEAD = 256 * 1024;

/** Number of bytes of early input read at once: the capacity of a pipe. */
const EARLY_INPUT_BYTES = 64 * 1024;

/** Options of {@link joinDuplex}. */
export interface JoinOptions {
  /** Maps an incoming chunk to the pieces to pass on. An error that it throws destroys both sides. */
  readonly inbound?: (chunk: Buffer) => Buffer[];
  /** Maps an outgoing chunk to the pieces to pass on. */
  readonly outbound?: (chunk: Buffer) => Buffer[];
  /** Called when the output has accepted a write. */
  readonly onWritten?: () => void;
  /** Pauses the input while it returns true. Called after each chunk and before the next one. */
  readonly holdsInput?: () => boolean;
  /** Receives the function to call once `holdsInput` returns false again. */
  readonly onResume?: (resume: () => void) => void;
  /** Time limit for flushing written bytes after the end, in milliseconds. Default: 0, which drops them. */
  readonly flushMs?: number;
}

/**
 * Joins an input and an output, which may be the same stream, to one duplex. The duplex owns both: other code must not
 * read or write them.
 *
 * Half-open connections are not supported: the end of the input means that the peer is gone and destroys everything. An
 * error of either side destroys both.
 */
export function joinDuplex(input: Readable, output: Writable, options: JoinOptions = {}): Duplex {
  return new JoinedDuplex(input, output, options);
}

/** Opens the host's descriptors as one duplex; see {@link JoinOptions.flushMs} for `flushMs`. */
export function openDuplex(guard: Pick<Guard, "input" | "output">, flushMs: number): Duplex {
  if (guard.input === guard.output) {
    const socket = new Socket({ fd: guard.input, readable: true, writable: true, allowHalfOpen: true });
    return joinDuplex(socket, socket, { flushMs });
  }
  const input = new Socket({ fd: guard.input, readable: true, writable: false });
  if (guard.input !== 0 && descriptorKind(guard.input) === "pipe") {
    takeEarlyInput(guard.input, Buffer.allocUnsafe(EARLY_INPUT_BYTES), (bytes) =>
      input.push(bytes === null ? null : Buffer.from(bytes)),
    );
  }
  const output = new Socket({ fd: guard.output, readable: false, writable: true });
  return joinDuplex(input, output, { flushMs });
}

class JoinedDuplex extends Duplex {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #options: JoinOptions;
  readonly #onData = (chunk: Buffer): void => {
    try {
      const pieces = this.#options.inbound?.(chunk) ?? [chunk];
      for (const piece of pieces) if (!this.push(piece)) this.#input.pause();
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    if (this.#options.holdsInput?.() === true) this.#input.pause();
  };
  readonly #onGone = (): void => {
    this.destroy();
  };
  readonly #onError = (error: Error): void => {
    this.destroy(error);
  };

  constructor(input: Readable, output: Writable, options: JoinOptions) {
    super({ readableHighWaterMark: READ_AHEAD });
    this.#input = input;
    this.#output = output;
    this.#options = options;
    // Pause first: adding a `data` listener would start the flow.
    input.pause();
    input.on("data", this.#onData);
    input.on("end", this.#onGone);
    input.on("close", this.#onGone);
    input.on("error", this.#onError);
    output.on("close", this.#onGone);
    output.on("error", this.#onError);
    options.onResume?.(() => {
      // If the buffer is still full, the next read resumes the input.
      if (this.readableLength < READ_AHEAD) this._read();
    });
    if (input.destroyed || output.destroyed) process.nextTick(this.#onGone);
  }

  override _read(): void {
    if (this.#options.holdsInput?.() !== true) this.#input.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#pass(this.#options.outbound?.(chunk) ?? [chunk], callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    const { outbound } = this.#options;
    this.#pass(
      chunks.flatMap(({ chunk }) => outbound?.(chunk) ?? [chunk]),
      callback,
    );
  }

  /** Calls back when the output does, so that back-pressure propagates. */
  #pass(pieces: readonly Buffer[], callback: (error?: Error | null) => void): void {
    const last = pieces.length - 1;
    const written = (error?: Error | null): void => {
      callback(error);
      this.#options.onWritten?.();
    };
    if (last < 0) {
      callback();
      return;
    }
    this.#output.cork();
    pieces.forEach((piece, index) => {
      if (index === last) this.#output.write(piece, written);
      else this.#output.write(piece);
    });
    this.#output.uncork();
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#output.end(() => {
      callback();
    });
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const { flushMs = 0 } = this.#options;
    const sides: readonly (Readable | Writable)[] = [this.#input, this.#output];
    this.#input.off("data", this.#onData).off("end", this.#onGone).off("close", this.#onGone);
    this.#output.off("close", this.#onGone);
    const end = (): void => {
      for (const side of sides) {
        side.off("error", this.#onError);
        if (side.closed) continue;
        side.on("error", ignore);
        side.once("close", () => side.off("error", ignore));
        side.destroy();
      }
      callback(error);
    };
    if (error !== null || flushMs === 0 || this.#output.writableLength === 0 || this.#output.destroyed) {
      end();
      return;
    }
    // The host may still be reading: flush the responses written before the end.
    const finished = (): void => {
      clearTimeout(timer);
      this.#output.off("finish", finished).off("close", finished);
      end();
    };
    const timer = setTimeout(finished, flushMs);
    this.#output.once("finish", finished).once("close", finished);
    this.#output.end();
  }
}

function ignore(): void {
  // Already destroyed: later errors have no effect.
}
