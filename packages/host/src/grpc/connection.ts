import { connect, type ClientHttp2Session } from "node:http2";
import type { Duplex } from "node:stream";
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { PluginConnectionError, PluginContractError } from "../errors.js";
import { Call, pathOf, type CallOwner, type Method } from "./call.js";
import { CallTrace, type Trace } from "./trace.js";
import { WriteAhead } from "./write-ahead.js";

/** The two generations of the protocol: Plakar 1.0.3 to 1.0.6, and Plakar 1.1. */
export type Generation = "v1.0" | "v1.1";

/**
 * What released hosts call themselves (Plakar 1.0.6 and 1.1.4). Plugins tell the
 * generations apart by it.
 */
export const USER_AGENTS: Readonly<Record<Generation, string>> = {
  "v1.0": "grpc-go/1.77.0",
  "v1.1": "grpc-go/1.81.1",
};

/** How a host talks to a plugin. */
export interface ConnectOptions {
  readonly generation: Generation;
  /** What the host calls itself. Default: as the newest release of the generation does. */
  readonly userAgent?: string | undefined;
  /** Takes all that is said. */
  readonly trace?: Trace | undefined;
  /** Milliseconds to wait for the first answer. Default 20,000, as hosts do. */
  readonly startTimeoutMs?: number | undefined;
}

/** What a connection is made over; a started plugin fits. */
export interface Endpoint {
  readonly transport: Duplex;
  /** Settles when the plugin has gone; used to say so in errors. */
  readonly exited?: Promise<{ readonly code: number | null; readonly signal: string | null }> | undefined;
}

const DEFAULT_START_TIMEOUT_MS = 20_000;
/** How long to wait for the exit status after the end of the connection, to put it in an error. */
const EXIT_STATUS_WAIT_MS = 500;
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;
/** Megabytes; Node's default of 10 refuses calls while a few large messages are under way. */
const SESSION_MEMORY_MB = 512;

/** The one HTTP/2 connection of a plugin process. */
export class PluginConnection {
  readonly generation: Generation;
  readonly #session: ClientHttp2Session;
  readonly #endpoint: Endpoint;
  readonly #options: ConnectOptions;
  readonly #since = performance.now();
  readonly #goneListeners = new Set<() => void>();
  #isGone = false;
  #sessionError: Error | undefined;
  #calls = 0;

  private constructor(session: ClientHttp2Session, endpoint: Endpoint, options: ConnectOptions) {
    this.generation = options.generation;
    this.#session = session;
    this.#endpoint = endpoint;
    this.#options = options;
    // Calls report it; without a listener it would end the process.
    session.on("error", (error) => {
      this.#sessionError ??= error;
    });
    session.on("goaway", () => {
      this.#sessionError ??= new PluginContractError("the plugin sent a GOAWAY: released hosts hang on it");
    });
  }

  /**
   * Begins HTTP/2 and waits for the plugin's first answer.
   *
   * @throws PluginConnectionError when the plugin goes away or does not answer in time.
   */
  static async open(endpoint: Endpoint, options: ConnectOptions): Promise<PluginConnection> {
    const wire = new WriteAhead(endpoint.transport);
    const session = connect("http://127.0.0.1:0", {
      createConnection: () => wire,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
      maxSessionMemory: SESSION_MEMORY_MB,
    });
    session.once("connect", () => {
      if (!session.destroyed) session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    });
    const connection = new PluginConnection(session, endpoint, options);
    wire.once("close", () => {
      // What came with the end is told first.
      setImmediate(() => {
        connection.#gone();
      });
    });
    await connection.#firstAnswer(options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS);
    return connection;
  }

  /** Starts a call. Calls have no deadline, as hosts set none: abort the signal to give up. */
  call<I extends DescMessage, O extends DescMessage>(method: Method<I, O>, signal?: AbortSignal): Call<I, O> {
    signal?.throwIfAborted();
    const path = pathOf(method);
    if (this.#isGone || this.#session.destroyed || this.#session.closed) {
      const cause = this.#sessionError;
      const reason = cause === undefined ? "" : ` (${cause.message})`;
      throw new PluginConnectionError(`${path}: the connection to the plugin has ended${reason}`, { cause });
    }
    const trace = new CallTrace(this.#options.trace, this.#since, 2 * this.#calls++ + 1, path);
    const headers = {
      ":authority": "127.0.0.1:0",
      ":method": "POST",
      ":path": path,
      ":scheme": "http",
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": this.#options.userAgent ?? USER_AGENTS[this.generation],
    };
    const stream = this.#session.request(headers, { endStream: false });
    trace.headers("host", headers);
    return new Call(method, stream, this.#owner, trace, signal);
  }

  /**
   * Makes a call with one request and one answer.
   *
   * @throws PluginError with the plugin's status. See {@link Call.receive} for the rest.
   */
  async unary<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    request: MessageInitShape<I>,
    signal?: AbortSignal,
  ): Promise<MessageShape<O>> {
    const call = this.call(method, signal);
    await call.send(request);
    call.halfClose();
    return await answerOf(call, pathOf(method));
  }

  /** Starts a call with one request and any number of answers. */
  async serverStream<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    request: MessageInitShape<I>,
    signal?: AbortSignal,
  ): Promise<Call<I, O>> {
    const call = this.call(method, signal);
    await call.send(request);
    call.halfClose();
    return call;
  }

  /**
   * Drops the connection. No GOAWAY is sent, as no host sends one; the plugin
   * sees the end of its input.
   */
  close(): void {
    this.#endpoint.transport.destroy();
  }

  readonly #owner: CallOwner = {
    failure: (at) => this.#failure(at),
    onGone: (listener) => {
      this.#goneListeners.add(listener);
      return () => this.#goneListeners.delete(listener);
    },
  };

  #gone(): void {
    this.#isGone = true;
    for (const listener of [...this.#goneListeners]) listener();
  }

  async #firstAnswer(timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = withResolvers();
    const onClose = (): void => {
      void this.#failure("start").then(reject);
    };
    const timer = setTimeout(() => {
      reject(new PluginConnectionError(`the plugin did not answer within ${timeoutMs} ms of its start`));
    }, timeoutMs);
    this.#session.once("remoteSettings", resolve);
    this.#session.once("close", onClose);
    try {
      await promise;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
      this.#session.off("remoteSettings", resolve);
      this.#session.off("close", onClose);
    }
  }

  async #failure(at: string): Promise<Error> {
    const exit = await this.#exitStatus();
    const cause = this.#sessionError ?? this.#endpoint.transport.errored ?? undefined;
    const reason = exit ?? (cause === undefined ? "the plugin closed its connection" : cause.message);
    return new PluginConnectionError(`${at}: ${reason}`, { cause });
  }

  async #exitStatus(): Promise<string | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, EXIT_STATUS_WAIT_MS, undefined);
    });
    const exit = await Promise.race([this.#endpoint.exited, late]);
    clearTimeout(timer);
    if (exit === undefined) return undefined;
    return exit.signal === null
      ? `the plugin exited with code ${String(exit.code)}`
      : `the plugin was ended by ${exit.signal}`;
  }
}

/**
 * Reads the one answer of a call, and its status.
 *
 * @throws PluginContractError when there is none, or more than one.
 */
export async function answerOf<I extends DescMessage, O extends DescMessage>(
  call: Call<I, O>,
  path: string,
): Promise<MessageShape<O>> {
  const answer = await call.receive();
  if (answer === undefined) throw new PluginContractError(`${path}: the plugin answered OK without a message`);
  if ((await call.receive()) !== undefined) {
    call.cancel();
    throw new PluginContractError(`${path}: the plugin answered more than one message`);
  }
  return answer;
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (reason: unknown) => void } {
  let resolve = (): void => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<void>((settle, fail) => {
    resolve = settle;
    reject = fail;
  });
  return { promise, resolve, reject };
}
