import { isInbox, PushStream, type Inbox, type Send } from "@kloset/wire/grpc";
import type { Awaitable } from "@kloset/model";
import { rpcSignal, type RpcContext } from "./rpc-context.js";
import { sendContent, type Content } from "../content/content.js";
import { drain } from "../content/drain.js";
import { abortError, toStatusError } from "./errors.js";
import { ownSignal, type OwnSignal } from "../async/iterate.js";
import { inboxOf } from "./requests.js";
import type { Opened, Session } from "../session/session.js";

/** A message without fields. */
type Empty = Record<string, never>;

/**
 * Answers the calls of one service. Both generations share a session, but their service
 * names differ: errors name the RPC that the host called. The text of an author's error
 * is sent verbatim.
 */
export class Calls<T> {
  readonly #session: Session<T>;
  readonly #service: string;

  /** @param service - The service's name on the wire, such as "plakar.exporter.Exporter". */
  constructor(session: Session<T>, service: string) {
    this.#session = session;
    this.#service = service;
  }

  /**
   * Answers Init.
   *
   * @param open - Opens the connector.
   * @param answer - Creates the response from the opened connector.
   */
  init<R>(open: (signal: AbortSignal) => Awaitable<Opened<T>>, answer: (value: T) => R): Promise<R> {
    return answered(async () => answer(await this.#session.init(this.#name("Init"), open)));
  }

  /** Answers Close. */
  close(): Promise<Empty> {
    return answered(async () => {
      await this.#session.close(this.#name("Close"));
      return {};
    });
  }

  /** Answers a call with one request and one response. */
  unary<R>(rpc: string, call: (value: T) => Awaitable<R>): Promise<R> {
    return answered(() => this.#session.run(this.#name(rpc), call));
  }

  /** Answers a call whose response has no fields. */
  empty(rpc: string, call: (value: T) => Awaitable<unknown>): Promise<Empty> {
    return this.unary(rpc, async (value) => {
      await call(value);
      return {};
    });
  }

  /**
   * Answers a call whose requests are a stream. A failure is sent only after the host
   * has sent everything. Waiting for the host ends when the call is cut off.
   */
  async clientStream<M, R>(
    rpc: string,
    requests: AsyncIterable<M>,
    context: RpcContext,
    call: (value: T, messages: Inbox<M>) => Awaitable<R>,
  ): Promise<R> {
    // An inbox ends by itself when the call is cut off, and the signal need not be created.
    const messages = isInbox(requests) ? requests : inboxOf(requests, rpcSignal(context));
    try {
      return await this.unary(rpc, (value) => call(value, messages));
    } catch (error) {
      await drain(messages);
      throw error;
    }
  }

  /**
   * Answers a call whose responses are a stream.
   *
   * @param call - Sends the responses; its promise settles when all have been sent, and undefined means that they have.
   * The signal of its context is also aborted when the reader of the responses stops early.
   */
  serverStream<R>(
    rpc: string,
    context: RpcContext,
    call: (value: T, send: Send<R>, context: RpcContext) => Promise<void> | undefined,
  ): PushStream<R> {
    return new PushStream<R>((send, unwanted) => {
      const run = (sendContext: RpcContext): Promise<void> | undefined =>
        this.#session.runNow(this.#name(rpc), (value) => call(value, send, sendContext));
      const failed = (error: unknown): never => {
        // An aborted call is answered as CANCELED.
        throw toStatusError(error, rpcSignal(context));
      };
      try {
        return (unwanted === undefined ? run(context) : untilUnwanted(context, unwanted, run))?.catch(failed);
      } catch (error) {
        return failed(error);
      }
    });
  }

  /** Answers a call whose responses are the chunks of some content. */
  content(rpc: string, context: RpcContext, call: (value: T) => Content): PushStream<{ chunk: Uint8Array }> {
    return this.serverStream(rpc, context, (value, send, sendContext) => sendContent(call(value), sendContext, send));
  }

  #name(rpc: string): string {
    return `${this.#service}/${rpc}`;
  }
}

async function answered<R>(call: () => Promise<R>): Promise<R> {
  try {
    return await call();
  } catch (error) {
    throw toStatusError(error);
  }
}

/**
 * Creates a signal that is aborted with the call's, and also when the reader of the
 * call's messages stops. If the call itself was aborted, the signal has its reason.
 *
 * @param unwanted - Aborted when the reader stops; undefined if the call's own signal covers that.
 */
export function signalWhileWanted(context: RpcContext, unwanted: AbortSignal | undefined): OwnSignal {
  const signal = rpcSignal(context);
  const following = ownSignal(signal);
  if (unwanted === undefined) return following;
  const stop = (): void => {
    following.abort(abortError(signal.aborted ? signal : unwanted));
  };
  unwanted.addEventListener("abort", stop, { once: true });
  return {
    ...following,
    release: () => {
      unwanted.removeEventListener("abort", stop);
      following.release();
    },
  };
}

/** Runs a call with a {@link signalWhileWanted} signal. */
async function untilUnwanted(
  context: RpcContext,
  unwanted: AbortSignal,
  run: (context: RpcContext) => Promise<void> | undefined,
): Promise<void> {
  const { own, release } = signalWhileWanted(context, unwanted);
  try {
    await run({ signal: own });
  } finally {
    release();
  }
}
