import type { Awaitable } from "@kloset/model";
import { drain } from "./drain.js";
import { toStatusError } from "./errors.js";
import { iterateUntilAbort } from "./iterate.js";
import type { Opened, Session } from "./session.js";

/** A message without fields. */
type Empty = Record<string, never>;

/**
 * Answers the calls of one service. Both generations share a session, but not the
 * names of their services: errors name the rpc that the host has called. What
 * the author throws is answered word for word.
 */
export class Calls<T> {
  readonly #session: Session<T>;
  readonly #service: string;

  /** @param service - The service's name on the wire, as "plakar.exporter.Exporter". */
  constructor(session: Session<T>, service: string) {
    this.#session = session;
    this.#service = service;
  }

  /**
   * Init.
   *
   * @param open - Opens the connector.
   * @param answer - Makes the response of what was opened.
   */
  init<R>(open: (signal: AbortSignal) => Awaitable<Opened<T>>, answer: (value: T) => R): Promise<R> {
    return answered(async () => answer(await this.#session.init(this.#name("Init"), open)));
  }

  /** Close. */
  close(): Promise<Empty> {
    return answered(async () => {
      await this.#session.close(this.#name("Close"));
      return {};
    });
  }

  /** A call with one request and one response. */
  unary<R>(rpc: string, call: (value: T) => Awaitable<R>): Promise<R> {
    return answered(() => this.#session.run(this.#name(rpc), call));
  }

  /** A call whose response has no fields. */
  empty(rpc: string, call: (value: T) => Awaitable<unknown>): Promise<Empty> {
    return this.unary(rpc, async (value) => {
      await call(value);
      return {};
    });
  }

  /**
   * A call whose requests are a stream. A failure is answered only when the host
   * has sent everything.
   *
   * @param signal - The call's: a wait for the host ends when it is aborted.
   */
  async clientStream<M, R>(
    rpc: string,
    requests: AsyncIterable<M>,
    signal: AbortSignal,
    call: (value: T, messages: AsyncIterator<M, void>) => Awaitable<R>,
  ): Promise<R> {
    const messages = iterateUntilAbort(requests, signal);
    try {
      return await this.unary(rpc, (value) => call(value, messages));
    } catch (error) {
      await drain(messages);
      throw error;
    }
  }

  /**
   * A call whose responses are a stream.
   *
   * @param signal - The call's. When it is aborted nobody reads the failure.
   */
  async *serverStream<R>(
    rpc: string,
    signal: AbortSignal,
    call: (value: T) => AsyncIterable<R>,
  ): AsyncGenerator<R, void, undefined> {
    try {
      yield* this.#session.stream(this.#name(rpc), call);
    } catch (error) {
      throw toStatusError(error, signal);
    }
  }

  /** A call whose responses are the chunks of some content. */
  async *content(
    rpc: string,
    signal: AbortSignal,
    call: (value: T) => AsyncIterable<Uint8Array>,
  ): AsyncGenerator<{ chunk: Uint8Array }, void, undefined> {
    for await (const chunk of this.serverStream(rpc, signal, call)) yield { chunk };
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
