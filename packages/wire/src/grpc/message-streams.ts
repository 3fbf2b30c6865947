/**
 * Message streams that need no promise per message. Adapters and servers of this project use them because Connect's
 * async iterables would be most of the work. They are async iterables as well, for any other consumer.
 *
 * @module
 */

/**
 * Sends one message.
 *
 * @returns undefined, in most cases, if the next message may follow at once; otherwise a promise to wait for.
 * @throws The abort reason if the call was cut off.
 */
export type Send<T> = (message: T) => Promise<void> | undefined;

/**
 * Produces the messages of a response.
 *
 * @param unwanted - Aborted when the consumer stops before the end. Absent where the call's own signal covers that.
 * @returns undefined if all messages were sent at once; otherwise a promise that settles when all are sent.
 */
export type Push<T> = (send: Send<T>, unwanted?: AbortSignal) => Promise<void> | undefined;

/** The messages of a response, pushed by their producers. Several producers may push at the same time. */
export class PushStream<T> implements AsyncIterable<T> {
  /** Called once. */
  readonly run: Push<T>;

  constructor(run: Push<T>) {
    this.run = run;
  }

  /** Pulls the messages instead: each waits until the consumer asks for it. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new Pull(this.run);
  }
}

type Step<T> = IteratorResult<T, undefined>;

interface Settlers<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

class Pull<T> implements AsyncIterator<T, undefined> {
  readonly #run: Push<T>;
  readonly #unwanted = new AbortController();
  /** The consumer's pending request for the next message. */
  #asked: Settlers<Step<T>> | undefined;
  /** The producers that wait, each with its message. */
  readonly #offered: (Settlers<void> & { readonly message: T })[] = [];
  /**
   * Resolves the producer of the current message. Called when the consumer asks for the next one, so that buffers can
   * be reused.
   */
  #handed: Settlers<void> | undefined;
  #running: Promise<void> | undefined;
  #end: { readonly failure?: { readonly error: unknown } } | undefined;

  constructor(run: Push<T>) {
    this.#run = run;
  }

  next(): Promise<Step<T>> {
    this.#handed?.resolve();
    this.#handed = undefined;
    this.#running ??= this.#start();
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
      this.#serve();
    });
  }

  /** Rejects the producers because the consumer has stopped, and waits until they have ended. */
  async return(): Promise<Step<T>> {
    const isRunning = this.#end === undefined;
    this.#end = {};
    if (isRunning) this.#unwanted.abort(notWanted());
    this.#handed?.reject(notWanted());
    this.#handed = undefined;
    for (const { reject } of this.#offered.splice(0)) reject(notWanted());
    this.#serve();
    await this.#running;
    return { done: true, value: undefined };
  }

  async #start(): Promise<void> {
    try {
      await this.#run((message) => this.#send(message), this.#unwanted.signal);
      this.#end ??= {};
    } catch (error) {
      this.#end ??= { failure: { error } };
    }
    this.#serve();
  }

  #send(message: T): Promise<void> {
    if (this.#end !== undefined) throw notWanted();
    return new Promise((resolve, reject) => {
      this.#offered.push({ message, resolve, reject });
      this.#serve();
    });
  }

  #serve(): void {
    const asked = this.#asked;
    if (asked === undefined) return;
    const offer = this.#offered.shift();
    if (offer === undefined && this.#end === undefined) return;
    this.#asked = undefined;
    if (offer !== undefined) {
      this.#handed = offer;
      asked.resolve({ done: false, value: offer.message });
      return;
    }
    const { failure } = this.#end ?? {};
    // Report a failure of the producer once; after that the stream has ended.
    this.#end = {};
    if (failure === undefined) asked.resolve({ done: true, value: undefined });
    else asked.reject(failure.error);
  }
}

function notWanted(): Error {
  return new Error("the consumer of the messages stopped before their end");
}

/** The messages of a request as they arrive. Allows one reader only. */
export interface Inbox<T> extends AsyncIterable<T> {
  /** Returns the next message; undefined if none has arrived yet, or the stream has ended. */
  take(): T | undefined;
  /**
   * Waits for another message.
   *
   * @returns true if a message has arrived, false if the host has half-closed the stream.
   * @throws The error if anything else has ended the stream.
   */
  more(): Promise<boolean>;
}

/** Returns true if the requests can be read without a promise per message. */
export function isInbox<T>(requests: AsyncIterable<T>): requests is Inbox<T> {
  return "take" in requests && "more" in requests;
}

/** The part of a call's context that goes beyond Connect's `HandlerContext`. */
export interface CutOffContext {
  /**
   * Aborted when the call ends early: the host has cancelled it or has gone, or it has failed. Unlike `signal`, it is
   * not aborted when the call succeeds, because resources that were opened with it may still be in use. Absent on
   * servers that cannot tell the two apart.
   */
  readonly cutOff?: AbortSignal;
  /** Throws the reason of `cutOff` if that is aborted. Reading `cutOff` creates a signal; this does not. */
  throwIfCutOff?(): void;
}
