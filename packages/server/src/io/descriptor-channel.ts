import { writeSync } from "node:fs";
import type { Socket, SocketConstructorOpts, TcpSocketConnectOpts } from "node:net";
import { enlargePipe, reopenedNeverBlocks, takeEarlyInput } from "@kloset/process";
import type { Guard } from "@kloset/process";
import type { Channel, ChannelEvents } from "./channel.js";
import {
  BYTES_BEFORE_LARGE_PIPE,
  CONTENT_BYTES,
  INPUT_BYTES,
  LARGE_CONTENT_BYTES,
  LARGE_PIPE_BYTES,
  MAX_DIRECT_BYTES,
} from "../limits.js";

/** A channel whose descriptors must be released. */
export interface DescriptorChannel extends Channel {
  /** Ends the channel, if it has not ended. Resolves when the descriptors are closed. */
  release(): Promise<void>;
}

/**
 * Creates a channel on the host's descriptors. All reads share one buffer, and bytes are
 * passed on without a copy: on a pipe, that halves the cost of a chunk.
 *
 * @param flushMs - How long written bytes may take to be sent after the end, in milliseconds.
 */
export function descriptorChannel(guard: Pick<Guard, "input" | "output">, flushMs: number): DescriptorChannel {
  return new Descriptors(guard, flushMs);
}

/** The host's preface may arrive alone, and its first call a turn later. */
const EARLY_TURNS = 2;

/** The sockets of the descriptors; the same one twice if the host handed over one socket. */
interface Sides {
  readonly input: Socket;
  readonly output: Socket;
  /** Resolves when the descriptors are closed. */
  readonly gone: Promise<unknown>;
}

class Descriptors implements DescriptorChannel {
  readonly #guard: Pick<Guard, "input" | "output">;
  readonly #flushMs: number;
  readonly #buffer = Buffer.allocUnsafeSlow(INPUT_BYTES);
  readonly #inputPipe: BulkPipe;
  readonly #outputPipe: BulkPipe;
  #opened: Sides | undefined;
  #events: ChannelEvents | undefined;
  /** True until the channel is started, because bytes have no receiver before. */
  #isPaused = true;
  #isClosed = false;
  #error: Error | undefined;

  constructor(guard: Pick<Guard, "input" | "output">, flushMs: number) {
    this.#guard = guard;
    this.#flushMs = flushMs;
    this.#inputPipe = new BulkPipe(guard.input);
    this.#outputPipe = new BulkPipe(guard.output);
  }

  /**
   * Creates the sockets on first use. Loading and creating them takes 3 ms, which would
   * delay the first answer: until then, a reopened pipe is read and written without them.
   */
  #openSides(): Sides {
    return (this.#opened ??= this.#makeSides());
  }

  #makeSides(): Sides {
    const { input: inputFd, output: outputFd } = this.#guard;
    const { Socket } = process.getBuiltinModule("node:net");
    const isOne = inputFd === outputFd;
    // Every socket accepts "onread", but @types/node declares it for net.connect only.
    const options: SocketConstructorOpts & Pick<TcpSocketConnectOpts, "onread"> = {
      fd: inputFd,
      readable: true,
      writable: isOne,
      allowHalfOpen: isOne,
      onread: { buffer: this.#buffer, callback: (length) => this.#onRead(length) },
    };
    const input = new Socket(options);
    // A new socket begins to read at once.
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

  get contentBytes(): number {
    return this.#outputPipe.isLarge ? LARGE_CONTENT_BYTES : CONTENT_BYTES;
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

  /** Reads without a socket for up to `turns` turns while there is input, so that answers leave first. */
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
    if (!this.#isClosed) this.#outputPipe.carried(bytes.length);
    const taken = this.#tryWrite(bytes);
    if (taken === bytes.length) {
      queueMicrotask(written);
      return;
    }
    this.#openSides().output.write(bytes.subarray(taken), (error) => {
      // The socket emits the error itself.
      if (error === null || error === undefined) written();
    });
  }

  /**
   * Writes to the host's pipe without the socket, as much as the pipe takes at once. For a
   * few bytes, the socket's request and callback cost more than the write itself.
   *
   * @returns the number of bytes written; 0 also after an error, which the socket will meet as well.
   */
  #tryWrite(bytes: Uint8Array): number {
    if (bytes.length > MAX_DIRECT_BYTES || this.#isClosed) return 0;
    const socket = this.#opened?.output;
    // Do not overtake bytes that are queued in the socket.
    if (socket !== undefined && (socket.destroyed || socket.writableLength > 0)) return 0;
    const { output } = this.#guard;
    // `fs` writes to descriptors 0 to 2 are redirected to the log.
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
    if (this.#isClosed) return true;
    this.#inputPipe.carried(length);
    this.#events?.onBytes(this.#buffer.subarray(0, length));
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

  /** Closes the output after queued answers have been sent, if the host reads them. */
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

/** Enlarges a pipe of the host once it has carried {@link BYTES_BEFORE_LARGE_PIPE}. */
class BulkPipe {
  readonly #fd: number;
  #bytesLeft: number;
  #isLarge = false;

  constructor(fd: number) {
    this.#fd = fd;
    this.#bytesLeft = isReopened(fd) ? BYTES_BEFORE_LARGE_PIPE : Infinity;
  }

  get isLarge(): boolean {
    return this.#isLarge;
  }

  /** Counts bytes that the pipe carries. The pipe must be open. */
  carried(bytes: number): void {
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft > 0) return;
    this.#bytesLeft = Infinity;
    this.#isLarge = enlargePipe(this.#fd, LARGE_PIPE_BYTES);
  }
}

/** Returns whether a descriptor is a reopened pipe: only those have numbers above 2. */
function isReopened(fd: number): boolean {
  return fd > 2;
}
