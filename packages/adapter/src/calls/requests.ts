import { isInbox, type Inbox } from "@kloset/wire/grpc";
import { iterateUntilAbort } from "../async/iterate.js";

/**
 * Hands each request of a stream to a function, until the host has half-closed it.
 *
 * @param signal - The call's: a wait for the host ends when it is aborted.
 * @param each - Answers undefined when it is done; else it is waited for.
 * @throws whatever else has ended the stream.
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
 * Requests to be taken without a promise for each, where the server has them so.
 *
 * @param signal - As {@link eachRequest} has it.
 */
export function inboxOf<T>(requests: AsyncIterable<T>, signal: AbortSignal): Inbox<T> {
  return isInbox(requests) ? requests : new IteratedInbox(iterateUntilAbort(requests, signal));
}

/** Iterates an inbox. */
export function iteratorOf<T>(inbox: Inbox<T>): AsyncIterator<T, void> {
  const next = async (): Promise<IteratorResult<T, void>> => {
    do {
      const value = inbox.take();
      if (value !== undefined) return { done: false, value };
    } while (await inbox.more());
    return { done: true, value: undefined };
  };
  return { next };
}

/** Any other server's requests: one at a time. */
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
