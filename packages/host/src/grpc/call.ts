import { constants, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
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
import { PluginConnectionError, PluginContractError, PluginError, StatusCode } from "../errors.js";
import { FrameDecoder, framePrefix } from "./frames.js";
import { onAbort } from "./on-abort.js";
import { statusOf, type Status } from "./status.js";
import type { CallTrace } from "./trace.js";

/** A method of a service, with its messages. */
export interface Method<I extends DescMessage, O extends DescMessage> {
  readonly input: I;
  readonly output: O;
  readonly name: string;
  readonly parent: DescMethod["parent"];
}

/** @returns The path of a method, as "/importer.Importer/Scan". */
export function pathOf(method: Method<DescMessage, DescMessage>): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** What a call needs of its connection. */
export interface CallOwner {
  /** Says why the connection is gone. */
  failure(path: string): Promise<Error>;
  /** Tells when the connection's wire has closed: nothing more comes. @returns what ends that. */
  onGone(listener: () => void): () => void;
}

/**
 * One RPC of any kind: messages out, messages in, a status. Sending waits while
 * the plugin does not read, and nothing is received before it is asked for.
 */
export class Call<I extends DescMessage, O extends DescMessage> {
  readonly #method: Method<I, O>;
  readonly #path: string;
  readonly #stream: ClientHttp2Stream;
  readonly #owner: CallOwner;
  readonly #trace: CallTrace;
  readonly #signal: AbortSignal | undefined;
  readonly #decoder = new FrameDecoder();
  #wakers: (() => void)[] = [];
  #status: Status | undefined;
  #httpStatus: number | undefined;
  #ended = false;
  #closed = false;
  /** The connection's wire has closed. */
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
    // Told by `close` and the stream's reset code, with more to say.
    stream.on("error", wake);
    const closed = (): void => {
      this.#closed = true;
      stopWatching();
      stopListening?.();
      this.#wake();
    };
    // Node up to 20.19 does not always close the streams of a session whose wire has closed.
    const stopWatching = owner.onGone(() => {
      this.#gone = true;
      closed();
    });
    stream.on("close", closed);
  }

  /**
   * Sends a message and waits until there is room for the next.
   *
   * @returns False when the plugin has ended the call: ask {@link Call.receive} why.
   * @throws The signal's reason when it is aborted.
   */
  async send(init: MessageInitShape<I>): Promise<boolean> {
    this.#signal?.throwIfAborted();
    if (this.#over()) return false;
    const message = create(this.#method.input, init);
    const payload = toBinary(this.#method.input, message);
    this.#trace.message("host", this.#method.input, message);
    this.#stream.cork();
    this.#stream.write(framePrefix(payload.length));
    const room = this.#stream.write(payload);
    this.#stream.uncork();
    if (room) return true;
    while (this.#stream.writableNeedDrain && !this.#over()) await this.#sleep();
    this.#signal?.throwIfAborted();
    return !this.#over();
  }

  /** Says that no message follows. */
  halfClose(): void {
    if (this.#halfClosed || this.#over()) return;
    this.#halfClosed = true;
    this.#trace.event("host", "half-close");
    this.#stream.end();
  }

  /**
   * @returns The plugin's next message, or undefined when it ended the call well.
   * @throws PluginError with the plugin's status.
   * @throws PluginConnectionError when the plugin has gone or reset the call.
   * @throws PluginContractError for bytes that are no message of this method.
   */
  async receive(): Promise<MessageShape<O> | undefined> {
    for (;;) {
      this.#signal?.throwIfAborted();
      const payload = this.#nextFrame();
      if (payload !== undefined) return this.#decode(payload);
      const piece = this.#stream.read() as Uint8Array | null;
      if (piece !== null) this.#decoder.push(piece);
      else if (this.#ended || this.#closed) break;
      else await this.#sleep();
    }
    await this.#end();
    return undefined;
  }

  /** Reads to the end of the call. Stopping early leaves it open: see {@link Call.cancel}. */
  async *messages(): AsyncGenerator<MessageShape<O>, void, undefined> {
    for (;;) {
      const message = await this.receive();
      if (message === undefined) return;
      yield message;
    }
  }

  /** Resets the call: the plugin is told that nobody listens any more. */
  cancel(): void {
    if (this.#closed || this.#cancelled || (this.#ended && this.#halfClosed)) return;
    this.#cancelled = true;
    this.#trace.event("host", "rst");
    // Not `close(NGHTTP2_CANCEL)`: that half-closes the stream before it resets it,
    // and a plugin takes what came until then for all there is.
    addAbortSignal(AbortSignal.abort(), this.#stream);
  }

  /** Lets the rest come and go, so that the plugin does not wait for a reader. */
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

  #nextFrame(): Uint8Array | undefined {
    try {
      return this.#decoder.next();
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
        `${this.#path}: ${payload.length} bytes that are no ${this.#method.output.typeName}: ${(error as Error).message}`,
      );
    }
    this.#trace.message("plugin", this.#method.output, message);
    return message;
  }

  async #end(): Promise<void> {
    // The trailers may be told a moment after the last byte.
    while (this.#status === undefined && !this.#closed) await this.#sleep();
    this.#signal?.throwIfAborted();
    const status = this.#status;
    if (status === undefined) throw await this.#failure();
    // grpc-go's way to drop what it still wanted to send: without it the call stays open.
    if (!this.#halfClosed && !this.#closed) this.#stream.close(constants.NGHTTP2_NO_ERROR);
    if (status.code !== StatusCode.OK) throw new PluginError(status.message, status.code, this.#path);
    if (this.#decoder.incomplete) {
      throw new PluginContractError(`${this.#path}: the plugin ended the call in the middle of a message`);
    }
  }

  async #failure(): Promise<Error> {
    if (this.#cancelled) return new PluginConnectionError(`${this.#path} was cancelled`);
    const code = this.#stream.rstCode;
    const session = this.#stream.session;
    if (session === undefined || session.destroyed || session.closed || this.#gone)
      return await this.#owner.failure(this.#path);
    if (this.#httpStatus !== undefined && this.#httpStatus !== 200) {
      return new PluginContractError(`${this.#path}: the plugin answered HTTP status ${this.#httpStatus}`);
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
