/**
 * Streams of messages without a promise for each: what adapters and servers of
 * this project hand one another where Connect's async iterables would be most of
 * the work. Each is an async iterable, too, for everybody else.
 *
 * @module
 */

/**
 * Sends one message.
 *
 * @returns undefined when the next may follow at once, as mostly; otherwise wait for it.
 * @throws why nothing more is sent: the call was cut off.
 */
export type Send<T> = (message: T) => Promise<void> | undefined;

/**
 * Makes the messages of a response; settles when all are sent.
 *
 * @param unwanted - Aborted when the consumer stops before the end. Absent where the call's own signal tells that.
 */
export type Push<T> = (send: Send<T>, unwanted?: AbortSignal) => Promise<void>;

/** The messages of a response, pushed by whoever makes them; several may push at once. */
export class PushStream<T> implements AsyncIterable<T> {
  /** Called once. */
  readonly run: Push<T>;

  constructor(run: Push<T>) {
    this.run = run;
  }

  /** The same, pulled: each message waits until it is asked for. */
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
  /** The consumer, who waits for the next step. */
  #asked: Settlers<Step<T>> | undefined;
  /** Producers, each with the message that it waits to be rid of. */
  readonly #offered: (Settlers<void> & { readonly message: T })[] = [];
  /** The producer of the message that the consumer has now: it may use its memory again when the next is asked for. */
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

  /** Tells the producers that nobody wants more, and waits for their end. */
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
    // What made the messages has failed: it is told once, and then the stream has ended.
    this.#end = {};
    if (failure === undefined) asked.resolve({ done: true, value: undefined });
    else asked.reject(failure.error);
  }
}

function notWanted(): Error {
  return new Error("nobody wants the rest of the messages");
}

/** The messages of a request, as they come. Whoever reads them must be the only one. */
export interface Inbox<T> extends AsyncIterable<T> {
  /** The next message; undefined when none is there yet, or ever will be. */
  take(): T | undefined;
  /**
   * Waits for another message.
   *
   * @returns whether there is one: false when the host has half-closed the stream.
   * @throws whatever else has ended it.
   */
  more(): Promise<boolean>;
}

/** Whether these requests can be taken without a promise for each. */
export function isInbox<T>(requests: AsyncIterable<T>): requests is Inbox<T> {
  return "take" in requests && "more" in requests;
}

/** What a call tells its implementation beside Connect's `HandlerContext`. */
export interface CutOffContext {
  /**
   * Aborted when the call ends before its end: the host has cancelled it, or gone,
   * or it has failed.
   * Not when it has ended well, as `signal` is: what was opened with it may still
   * be in use. Absent on servers that do not tell the two apart.
   */
  readonly cutOff?: AbortSignal;
}
