import { writeSync } from "node:fs";
import type { Socket, SocketConstructorOpts, TcpSocketConnectOpts } from "node:net";
import { reopenedNeverBlocks, takeEarlyInput } from "@kloset/process";
import type { Guard } from "@kloset/process";
import type { Channel, ChannelEvents } from "./channel.js";
import { INPUT_BYTES, MAX_DIRECT_BYTES } from "../limits.js";

/** A channel that has to be let go of. */
export interface DescriptorChannel extends Channel {
  /** Ends the channel, if it has not ended. Settles when the descriptors are closed. */
  release(): Promise<void>;
}

/**
 * The host's descriptors as a channel. One buffer is read into for ever, and
 * what is read is handed on from there: on a pipe that halves what a chunk costs.
 *
 * @param flushMs - How long what was written may take to leave after the end, in milliseconds.
 */
export function descriptorChannel(guard: Pick<Guard, "input" | "output">, flushMs: number): DescriptorChannel {
  return new Descriptors(guard, flushMs);
}

/** The host's preface may come alone, and its first call a turn later. */
const EARLY_TURNS = 2;

/** The streams of the descriptors; one for both directions on one socket. */
interface Sides {
  readonly input: Socket;
  readonly output: Socket;
  /** Settles when the descriptors are closed. */
  readonly gone: Promise<unknown>;
}

class Descriptors implements DescriptorChannel {
  readonly #guard: Pick<Guard, "input" | "output">;
  readonly #flushMs: number;
  readonly #buffer = Buffer.allocUnsafeSlow(INPUT_BYTES);
  #opened: Sides | undefined;
  #events: ChannelEvents | undefined;
  /** Until it is started: nobody would be told what is read. */
  #isPaused = true;
  #isClosed = false;
  #error: Error | undefined;

  constructor(guard: Pick<Guard, "input" | "output">, flushMs: number) {
    this.#guard = guard;
    this.#flushMs = flushMs;
  }

  /**
   * Made when they are first needed. To load them and to make them takes three
   * milliseconds, in which a host waits for its first answer: a pipe that was opened
   * anew is read and written without them until then.
   */
  #openSides(): Sides {
    return (this.#opened ??= this.#makeSides());
  }

  #makeSides(): Sides {
    const { input: inputFd, output: outputFd } = this.#guard;
    const { Socket } = process.getBuiltinModule("node:net");
    const isOne = inputFd === outputFd;
    // Every socket takes "onread"; @types/node knows it of net.connect alone.
    const options: SocketConstructorOpts & Pick<TcpSocketConnectOpts, "onread"> = {
      fd: inputFd,
      readable: true,
      writable: isOne,
      allowHalfOpen: isOne,
      onread: { buffer: this.#buffer, callback: (length) => this.#onRead(length) },
    };
    const input = new Socket(options);
    // It begins to read when it is made.
    if (this.#isPaused) input.pause();
    const output = isOne ? input : new Socket({ fd: outputFd, readable: false, writable: true });
    const sides = isOne ? [input] : [input, output];
    for (const side of sides) {
      side.on("error", (error: Error) => {
        this.#finish(error);
      });
      side.on("close", () => {
        this.#finish();
      });
    }
    input.on("end", () => {
      this.#finish();
    });
    const gone = Promise.all(sides.map((side) => new Promise<void>((resolve) => side.once("close", resolve))));
    return { input, output, gone };
  }

  start(events: ChannelEvents): void {
    this.#events = events;
    if (this.#isClosed) {
      queueMicrotask(() => {
        events.onClose(this.#error);
      });
      return;
    }
    this.#isPaused = false;
    if (!reopenedNeverBlocks) this.#openSides();
    if (isReopened(this.#guard.input)) this.#readEarly(events, EARLY_TURNS);
    else this.#readOn();
  }

  /** Reads without a socket in so many turns of the event loop, as long as there is something: what answers it goes first. */
  #readEarly(events: ChannelEvents, turns: number): void {
    const take = (bytes: Buffer | null): void => {
      if (bytes === null) this.#finish();
      else events.onBytes(bytes);
    };
    const isThere = takeEarlyInput(this.#guard.input, this.#buffer, take, () => this.#isClosed);
    if (!isThere) {
      this.#readOn();
      return;
    }
    setImmediate(() => {
      const mayReadOn = turns > 1 && this.#opened === undefined && !this.#isPaused && !this.#isClosed;
      if (mayReadOn) this.#readEarly(events, turns - 1);
      else this.#readOn();
    });
  }

  write(bytes: Uint8Array, written: () => void): void {
    const taken = this.#tryWrite(bytes);
    if (taken === bytes.length) {
      queueMicrotask(written);
      return;
    }
    this.#openSides().output.write(bytes.subarray(taken), (error) => {
      // An error is told by the socket itself.
      if (error === null || error === undefined) written();
    });
  }

  /**
   * Writes without the socket what the host's pipe takes at once. For a few bytes the
   * request and the callback of a socket cost more than the write itself.
   *
   * @returns how many bytes were taken; 0 also after an error, which the socket meets as well.
   */
  #tryWrite(bytes: Uint8Array): number {
    if (bytes.length > MAX_DIRECT_BYTES || this.#isClosed) return 0;
    const socket = this.#opened?.output;
    // What the socket still has to write must not be overtaken.
    if (socket !== undefined && (socket.destroyed || socket.writableLength > 0)) return 0;
    const { output } = this.#guard;
    // What `fs` writes to the first descriptors is led to the log.
    if (!isReopened(output)) return 0;
    try {
      return writeSync(output, bytes);
    } catch {
      return 0;
    }
  }

  pause(): void {
    this.#isPaused = true;
    this.#opened?.input.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#readOn();
  }

  close(error?: Error): void {
    this.#finish(error);
  }

  async release(): Promise<void> {
    this.#finish();
    await this.#openSides().gone;
  }

  #readOn(): void {
    if (!this.#isClosed && !this.#isPaused) this.#openSides().input.resume();
  }

  #onRead(length: number): boolean {
    if (!this.#isClosed) this.#events?.onBytes(this.#buffer.subarray(0, length));
    return true;
  }

  #finish(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#error = error;
    const { input, output } = this.#openSides();
    if (input !== output) input.destroy();
    this.#letGo(output, error);
    this.#events?.onClose(error);
  }

  /** Answers that were given before the end are still the host's, if it reads. */
  #letGo(output: Socket, error: Error | undefined): void {
    if (error !== undefined || output.writableLength === 0 || output.destroyed) {
      output.destroy();
      return;
    }
    const timer = setTimeout(() => output.destroy(), this.#flushMs);
    output.once("close", () => {
      clearTimeout(timer);
    });
    output.end(() => output.destroy());
  }
}

/** Whether a descriptor is a pipe that was opened anew: only that has another number than the first. */
function isReopened(fd: number): boolean {
  return fd > 2;
}
