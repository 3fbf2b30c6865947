import { isInbox, type Inbox } from "@kloset/wire/grpc";
import type { Awaitable } from "@kloset/model";
import { iterateUntilAbort } from "../async/iterate.js";

/**
 * Passes each request of a stream to a function, until the host half-closes the stream.
 *
 * @param signal - The call's: its abort ends the wait for the host.
 * @param each - Returns undefined when it is done; otherwise its promise is awaited.
 * @throws the error that ended the stream otherwise; what `each` throws.
 */
export async function eachRequest<T>(
  requests: AsyncIterable<T>,
  signal: AbortSignal,
  each: (request: T) => Promise<void> | undefined,
): Promise<void> {
  const inbox = inboxOf(requests, signal);
  do {
    for (let request = inbox.take(); request !== undefined; request = inbox.take()) {
      const wait = each(request);
      if (wait !== undefined) await wait;
    }
  } while (await inbox.more());
}

/**
 * Returns the requests as an inbox, which avoids a promise per request if the server provides one.
 *
 * @param signal - The call's, as for {@link eachRequest}.
 */
export function inboxOf<T>(requests: AsyncIterable<T>, signal: AbortSignal): Inbox<T> {
  return isInbox(requests) ? requests : new IteratedInbox(iterateUntilAbort(requests, signal));
}

/** The part of an {@link Inbox} that its reader needs. `more` may answer at once. */
export interface Arrivals<T> {
  /** Returns the next value; undefined if none has arrived yet, or no more will. */
  take(): T | undefined;
  /** Returns true once another value has arrived, false at the end. Throws, or rejects, if it is not a clean one. */
  more(): Awaitable<boolean>;
}

/** Takes the next value when it has arrived; undefined at the end. */
export async function takeNext<T>(arrivals: Arrivals<T>): Promise<T | undefined> {
  do {
    const value = arrivals.take();
    if (value !== undefined) return value;
  } while (await arrivals.more());
  return undefined;
}

/** Takes the requests of servers without an inbox, one at a time. */
class IteratedInbox<T> implements Inbox<T> {
  readonly #requests: AsyncIterableIterator<T>;
  #next: { readonly request: T } | undefined;

  constructor(requests: AsyncIterableIterator<T>) {
    this.#requests = requests;
  }

  take(): T | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next?.request;
  }

  async more(): Promise<boolean> {
    if (this.#next !== undefined) return true;
    const result = await this.#requests.next();
    if (result.done === true) return false;
    this.#next = { request: result.value };
    return true;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#requests;
  }
}
