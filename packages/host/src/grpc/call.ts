import { constants, type ClientHttp2Stream, type Http2Session, type IncomingHttpHeaders } from "node:http2";
import { addAbortSignal } from "node:stream";
import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { prefixOf } from "@kloset/wire/grpc";
import { PluginConnectionError, PluginContractError, PluginError, StatusCode } from "../errors.js";
import { MessageQueue } from "./message-queue.js";
import { onAbort } from "./on-abort.js";
import { statusOf, type Status } from "./status.js";
import type { CallTrace } from "./trace.js";

/** A method of a service, with its message types. */
export interface Method<I extends DescMessage, O extends DescMessage> {
  readonly input: I;
  readonly output: O;
  readonly name: string;
  readonly parent: DescMethod["parent"];
}

/** @returns The path of a method, for example "/importer.Importer/Scan". */
export function pathOf(method: Method<DescMessage, DescMessage>): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** The part of a connection that its calls depend on. */
export interface CallOwner {
  /** Describes why the connection has ended. */
  failure(path: string): Promise<Error>;
  /** Calls the listener when the transport has closed. @returns A function that removes the listener. */
  onGone(listener: () => void): () => void;
}

/**
 * An RPC of any kind. Sending waits while the plugin does not read (back-pressure), and messages are read from the
 * connection only when they are requested.
 */
export class Call<I extends DescMessage, O extends DescMessage> {
  readonly #method: Method<I, O>;
  readonly #path: string;
  readonly #stream: ClientHttp2Stream;
  /** Kept here, because a closed stream no longer has it. */
  readonly #session: Http2Session | undefined;
  readonly #owner: CallOwner;
  readonly #trace: CallTrace;
  readonly #signal: AbortSignal | undefined;
  readonly #inbound = new MessageQueue();
  #wakers: (() => void)[] = [];
  #status: Status | undefined;
  #httpStatus: number | undefined;
  #ended = false;
  #closed = false;
  /** The transport has closed. */
  #gone = false;
  #halfClosed = false;
  #cancelled = false;

  constructor(
    method: Method<I, O>,
    stream: ClientHttp2Stream,
    owner: CallOwner,
    trace: CallTrace,
    signal: AbortSignal | undefined,
  ) {
    this.#method = method;
    this.#path = pathOf(method);
    this.#stream = stream;
    this.#session = stream.session;
    this.#owner = owner;
    this.#trace = trace;
    this.#signal = signal;
    const wake = (): void => {
      this.#wake();
    };
    const stopListening =
      signal &&
      onAbort(signal, () => {
        this.cancel();
        this.#wake();
      });
    stream.on("response", (headers) => {
      this.#httpStatus = headers[":status"];
      this.#onHeaders(headers);
    });
    stream.on("trailers", (headers: IncomingHttpHeaders) => {
      this.#onHeaders(headers);
    });
    stream.on("readable", wake);
    stream.on("drain", wake);
    stream.on("end", () => {
      this.#ended = true;
      this.#wake();
    });
    // Ignored: "close" and the reset code of the stream describe the failure better.
    stream.on("error", wake);
    const closed = (): void => {
      this.#closed = true;
      stopWatching();
      stopListening?.();
      this.#wake();
    };
    // Node up to 20.19 does not always close the streams of a session whose transport has closed.
    const stopWatching = owner.onGone(() => {
      this.#gone = true;
      closed();
    });
    stream.on("close", closed);
  }

  /**
   * Sends a message and waits until there is room for the next.
   *
   * @returns False if the plugin has ended the call. {@link Call.receive} throws the reason.
   * @throws The signal's reason if it is aborted.
   */
  async send(init: MessageInitShape<I>): Promise<boolean> {
    this.#signal?.throwIfAborted();
    if (this.#over()) return false;
    const message = create(this.#method.input, init);
    const payload = toBinary(this.#method.input, message);
    this.#trace.message("host", this.#method.input, message);
    this.#stream.cork();
    let room = this.#stream.write(prefixOf(payload.length));
    // If the plugin ends the call, Node never completes a pending write of an empty chunk, and the stream stays open.
    if (payload.length > 0) room = this.#stream.write(payload);
    this.#stream.uncork();
    if (room) return true;
    while (this.#stream.writableNeedDrain && !this.#over()) await this.#sleep();
    this.#signal?.throwIfAborted();
    return !this.#over();
  }

  /** Half-closes the call: no message follows. */
  halfClose(): void {
    if (this.#halfClosed || this.#over()) return;
    this.#halfClosed = true;
    this.#trace.event("host", "half-close");
    this.#stream.end();
  }

  /**
   * Reads the plugin's next message.
   *
   * @returns The message, or undefined if the plugin has ended the call with status OK.
   * @throws PluginError with any other status.
   * @throws PluginConnectionError if the plugin has exited or reset the call.
   * @throws PluginContractError if the plugin violates gRPC or sends a malformed message.
   */
  async receive(): Promise<MessageShape<O> | undefined> {
    for (;;) {
      this.#signal?.throwIfAborted();
      const payload = this.#nextPayload();
      if (payload !== undefined) return this.#decode(payload);
      const piece = this.#stream.read() as Uint8Array | null;
      if (piece !== null) this.#inbound.push(piece);
      else if (this.#ended || this.#closed) break;
      else await this.#sleep();
    }
    await this.#end();
    return undefined;
  }

  /** Reads to the end of the call. Stopping early leaves the call open: see {@link Call.cancel}. */
  async *messages(): AsyncGenerator<MessageShape<O>, void, undefined> {
    for (;;) {
      const message = await this.receive();
      if (message === undefined) return;
      yield message;
    }
  }

  /** Resets the call, so that the plugin stops working on it. */
  cancel(): void {
    if (this.#closed || this.#cancelled || (this.#ended && this.#halfClosed)) return;
    this.#cancelled = true;
    this.#trace.event("host", "rst");
    // Not `close(NGHTTP2_CANCEL)`: that half-closes the stream before resetting it, and the plugin would treat what it
    // has received so far as complete.
    addAbortSignal(AbortSignal.abort(), this.#stream);
  }

  /** Reads and discards the rest, so that the plugin does not wait for a reader. */
  discard(): void {
    this.#stream.removeAllListeners("readable");
    this.#stream.resume();
  }

  #over(): boolean {
    return this.#status !== undefined || this.#ended || this.#closed || this.#cancelled || this.#stream.destroyed;
  }

  #onHeaders(headers: IncomingHttpHeaders): void {
    const status = statusOf(headers);
    this.#trace.headers("plugin", headers, status !== undefined);
    this.#status ??= status;
    this.#wake();
  }

  #nextPayload(): Uint8Array | undefined {
    try {
      return this.#inbound.next();
    } catch (error) {
      this.cancel();
      throw new PluginContractError(`${this.#path}: ${(error as Error).message}`);
    }
  }

  #decode(payload: Uint8Array): MessageShape<O> {
    let message: MessageShape<O>;
    try {
      message = fromBinary(this.#method.output, payload);
    } catch (error) {
      this.cancel();
      throw new PluginContractError(
        `${this.#path}: ${payload.length} bytes are not a valid ${this.#method.output.typeName}: ${(error as Error).message}`,
      );
    }
    this.#trace.message("plugin", this.#method.output, message);
    return message;
  }

  async #end(): Promise<void> {
    // Node may emit the trailers shortly after the last byte.
    while (this.#status === undefined && !this.#closed) await this.#sleep();
    this.#signal?.throwIfAborted();
    const status = this.#status;
    if (status === undefined) throw await this.#failure();
    // As grpc-go does: otherwise the call stays open until the host half-closes it.
    if (!this.#halfClosed && !this.#closed) this.#stream.close(constants.NGHTTP2_NO_ERROR);
    if (status.code !== StatusCode.OK) throw new PluginError(status.message, status.code, this.#path);
    if (!this.#inbound.isWhole) {
      throw new PluginContractError(`${this.#path}: the plugin ended the call in the middle of a message`);
    }
  }

  async #failure(): Promise<Error> {
    if (this.#cancelled) return new PluginConnectionError(`${this.#path} was cancelled`);
    const code = this.#stream.rstCode;
    const session = this.#session;
    if (session === undefined || session.destroyed || session.closed || this.#gone) {
      return await this.#owner.failure(this.#path);
    }
    if (this.#httpStatus !== undefined && this.#httpStatus !== 200) {
      return new PluginContractError(
        `${this.#path}: the plugin responded with HTTP status ${this.#httpStatus}, expected 200`,
      );
    }
    return code === constants.NGHTTP2_NO_ERROR
      ? new PluginContractError(`${this.#path}: the plugin ended the call without a status`)
      : new PluginConnectionError(`${this.#path}: the plugin reset the call (HTTP/2 error ${code})`);
  }

  #wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const waker of wakers) waker();
  }

  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wakers.push(resolve);
    });
  }
}
