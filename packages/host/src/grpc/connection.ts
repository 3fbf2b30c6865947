import { connect, type ClientHttp2Session } from "node:http2";
import type { Duplex } from "node:stream";
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { settlesWithin } from "@kloset/wire/async";
import { PluginConnectionError, PluginContractError } from "../errors.js";
import { hostOf, HOSTS, USER_AGENTS, type Generation, type HostChoice, type HostName } from "../hosts.js";
import { exitText } from "../process/channel.js";
import { Call, pathOf, type CallOwner, type Method } from "./call.js";
import { CallTrace, type Trace } from "./trace.js";
import { WriteAhead } from "./write-ahead.js";

/** Options of {@link PluginConnection.open}. */
export interface ConnectOptions extends HostChoice {
  /** User agent of the host. Default: that of the generation's newest release, see {@link USER_AGENTS}. */
  readonly userAgent?: string | undefined;
  /** Called for everything that is sent and received. */
  readonly trace?: Trace | undefined;
  /** Milliseconds to wait for the first answer. Default 20,000, as hosts do. */
  readonly startTimeoutMs?: number | undefined;
}

/** The transport of a connection, for example a started plugin. */
export interface Endpoint {
  readonly transport: Duplex;
  /** Settles when the plugin has exited. Its exit status is included in errors. */
  readonly exited?: Promise<{ readonly code: number | null; readonly signal: string | null }> | undefined;
}

const DEFAULT_START_TIMEOUT_MS = 20_000;
/** Time to wait for the exit status after the connection has ended, to include it in an error. */
const EXIT_STATUS_WAIT_MS = 500;
/** Length of the text that an error quotes if the plugin prints into the connection. */
const MAX_PRINTED_BYTES = 200;
const STREAM_WINDOW_BYTES = 4 * 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;
/** In megabytes. Node's default of 10 rejects calls while a few large messages are in flight. */
const SESSION_MEMORY_MB = 512;

/** The HTTP/2 connection to a plugin process. Each process has only one. */
export class PluginConnection {
  /** The host that this end of the connection acts as. */
  readonly like: HostName;
  readonly generation: Generation;
  readonly #session: ClientHttp2Session;
  readonly #endpoint: Endpoint;
  readonly #options: ConnectOptions;
  readonly #since = performance.now();
  readonly #goneListeners = new Set<() => void>();
  #isGone = false;
  #sessionError: Error | undefined;
  #calls = 0;
  /** Description of the plugin's exit, once known. */
  #exit: string | undefined;
  /** The first bytes from the plugin. */
  #first: Buffer | undefined;

  private constructor(session: ClientHttp2Session, endpoint: Endpoint, options: ConnectOptions) {
    this.like = hostOf(options);
    this.generation = HOSTS[this.like].generation;
    this.#session = session;
    this.#endpoint = endpoint;
    this.#options = options;
    void endpoint.exited?.then((exit) => {
      this.#exit = `the plugin ${exitText(exit)}`;
    });
    // Calls report the error. Without a listener it would end the process.
    session.on("error", (error) => {
      this.#sessionError ??= error;
    });
    session.on("goaway", () => {
      this.#sessionError ??= new PluginContractError("the plugin sent a GOAWAY frame, on which released hosts hang");
    });
  }

  /**
   * Starts HTTP/2 and waits for the plugin's SETTINGS frame.
   *
   * @throws RangeError if the generation or the host is unknown.
   * @throws PluginConnectionError if the plugin exits, closes the connection or does not answer in time.
   */
  static async open(endpoint: Endpoint, options: ConnectOptions): Promise<PluginConnection> {
    hostOf(options);
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
    wire.once("data", (chunk: Buffer) => {
      connection.#first = Buffer.from(chunk.subarray(0, MAX_PRINTED_BYTES));
    });
    wire.once("close", () => {
      // Let calls read what arrived with the end of the connection.
      setImmediate(() => {
        connection.#gone();
      });
    });
    await connection.#firstAnswer(options.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS);
    return connection;
  }

  /** Starts a call. Calls have no deadline, because hosts set none. Abort the signal to cancel the call. */
  call<I extends DescMessage, O extends DescMessage>(method: Method<I, O>, signal?: AbortSignal): Call<I, O> {
    signal?.throwIfAborted();
    const path = pathOf(method);
    if (this.#isGone || this.#session.destroyed || this.#session.closed) {
      const cause = this.#sessionError;
      const reasons = [this.#exit, cause?.message].filter((reason) => reason !== undefined);
      const reason = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
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
   * Makes a call with one request and one response.
   *
   * @throws PluginError with the plugin's status, and the other errors of {@link Call.receive}.
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

  /** Starts a call with one request and any number of responses. */
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
   * Sends the `Close` of a connector other than a storage. A host that awaits the exit of its plugins then closes both
   * pipes, the plugin's output first, and waits without limit: see `HostProfile.awaitsExitOnClose`.
   *
   * @throws PluginError with the plugin's status; PluginConnectionError if Close succeeds and the exit code is not 0.
   */
  async closeConnector<I extends DescMessage, O extends DescMessage>(method: Method<I, O>): Promise<void> {
    const closed = this.unary(method, {} as MessageInitShape<I>);
    if (!HOSTS[this.like].awaitsExitOnClose) {
      await closed;
      return;
    }
    await Promise.allSettled([closed]);
    this.close();
    const exit = await this.#endpoint.exited;
    await closed;
    if (exit !== undefined && exit.code !== 0) {
      throw new PluginConnectionError(`${pathOf(method)}: the plugin ${exitText(exit)}`);
    }
  }

  /**
   * Closes the transport. The plugin sees the end of its input. No GOAWAY frame is sent, because hosts send none.
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
    const answer = new Promise<void>((resolve, reject) => {
      this.#session.once("remoteSettings", () => {
        resolve();
      });
      this.#session.once("close", () => {
        void this.#failure("start").then(({ message, cause }) => {
          reject(new PluginConnectionError(`${message}${this.#printed()}`, { cause }));
        });
      });
    });
    try {
      if (!(await settlesWithin(answer, timeoutMs))) {
        throw new PluginConnectionError(
          `the plugin did not answer within ${timeoutMs} ms of its start${this.#printed()}`,
        );
      }
      await answer;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Quotes text that stands in place of the SETTINGS frame, whose first byte is 0: its length is below 64 KiB. */
  #printed(): string {
    if (this.#first === undefined || this.#first[0] === 0) return "";
    const text = JSON.stringify(this.#first.toString("utf8"));
    return `; it printed on its standard output, which is the connection to the host: ${text}`;
  }

  async #failure(at: string): Promise<Error> {
    const exit = await this.#exitStatus();
    const cause = this.#sessionError ?? this.#endpoint.transport.errored ?? undefined;
    const reason = exit ?? (cause === undefined ? "the plugin closed its connection" : cause.message);
    return new PluginConnectionError(`${at}: ${reason}`, { cause });
  }

  async #exitStatus(): Promise<string | undefined> {
    const { exited } = this.#endpoint;
    if (exited === undefined || !(await settlesWithin(exited, EXIT_STATUS_WAIT_MS))) return undefined;
    return `the plugin ${exitText(await exited)}`;
  }
}

/**
 * Reads the only response of a call, and its status.
 *
 * @throws PluginContractError if the plugin sends no response, or more than one.
 */
export async function answerOf<I extends DescMessage, O extends DescMessage>(
  call: Call<I, O>,
  path: string,
): Promise<MessageShape<O>> {
  const answer = await call.receive();
  if (answer === undefined)
    throw new PluginContractError(`${path}: the plugin ended the call with status OK but sent no message`);
  if ((await call.receive()) !== undefined) {
    call.cancel();
    throw new PluginContractError(`${path}: the plugin sent more than one message`);
  }
  return answer;
}
