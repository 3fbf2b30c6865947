import { Socket } from "node:net";
import { Duplex, type Readable, type Writable } from "node:stream";
import type { Guard } from "./descriptors.js";
import { takeEarlyInput } from "./early-input.js";
import { descriptorKind } from "./platform.js";

/**
 * Bytes read ahead of a consumer that has paused. Enough to see the end of the
 * input behind what a pipe holds (64 KiB) while the output is stuck.
 */
const READ_AHEAD = 256 * 1024;

/** How much of the early input is taken at once: what a pipe holds. */
const EARLY_INPUT_BYTES = 64 * 1024;

/** How {@link joinDuplex} treats the bytes and the end. */
export interface JoinOptions {
  /** Takes an incoming chunk, gives the pieces to pass on. What it throws ends both sides. */
  readonly inbound?: (chunk: Buffer) => Buffer[];
  /** Takes an outgoing chunk, gives the pieces to pass on. */
  readonly outbound?: (chunk: Buffer) => Buffer[];
  /** Told when what was written has left. */
  readonly onWritten?: () => void;
  /** Whether nothing more is read for now. Asked after each chunk, and before the next. */
  readonly holdsInput?: () => boolean;
  /** Handed what has to be called when `holdsInput` has become false. */
  readonly onResume?: (resume: () => void) => void;
  /** How long written bytes may take to leave after the end, in milliseconds. Default: 0, they are dropped. */
  readonly flushMs?: number;
}

/**
 * Makes one duplex of what is read and what is written, which may be the same
 * stream. It takes both over: nobody else may read or write them.
 *
 * There is no half-open state: when the input ends, the peer is gone, and
 * everything is destroyed. An error of either side destroys both.
 */
export function joinDuplex(input: Readable, output: Writable, options: JoinOptions = {}): Duplex {
  return new JoinedDuplex(input, output, options);
}

/** Opens the host's descriptors as one duplex. */
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
    // Paused first: a listener for data would set it flowing at once.
    input.pause();
    input.on("data", this.#onData);
    input.on("end", this.#onGone);
    input.on("close", this.#onGone);
    input.on("error", this.#onError);
    output.on("close", this.#onGone);
    output.on("error", this.#onError);
    options.onResume?.(() => {
      // What was pushed before may still wait for a reader, whose next read resumes.
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

  /** The callback waits for the output's own: that is the backpressure. */
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
    // Answers that were given before the end are still the host's, if it reads.
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
  // Destroyed: what fails now concerns nobody.
}
