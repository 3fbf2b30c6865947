import type { Interceptor } from "@connectrpc/connect";
import { statusError } from "@kloset/wire/grpc";

/**
 * Turns whatever an implementation throws, in a call of any kind, into the
 * error that goes out; and ends an implementation's stream of responses when
 * its call is aborted, so that its `finally` runs. Connect alone answers a plain
 * throw with "internal error", takes a thrown `undefined` for success, and
 * leaves a generator that waits at its `yield` where it is.
 */
export const authorErrors: Interceptor = (next) => async (request) => {
  try {
    const response = await next(request);
    return response.stream ? { ...response, message: guarded(response.message, request.signal) } : response;
  } catch (error) {
    throw statusError(error);
  }
};

function guarded<T>(messages: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = messages[Symbol.asyncIterator]();
      const stop = (): void => {
        // Of a generator that is busy this takes effect at its next yield.
        iterator.return?.().catch(ignore);
      };
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      const settle = async (step: Promise<IteratorResult<T>>): Promise<IteratorResult<T>> => {
        try {
          const result = await step;
          if (result.done !== true) return result;
          // It was stopped: that is not the end of the messages.
          signal.throwIfAborted();
          signal.removeEventListener("abort", stop);
          return result;
        } catch (error) {
          signal.removeEventListener("abort", stop);
          throw statusError(error);
        }
      };
      return {
        next: () => settle(iterator.next()),
        return: (value?: unknown) => {
          signal.removeEventListener("abort", stop);
          return iterator.return?.(value) ?? Promise.resolve({ done: true, value });
        },
      };
    },
  };
}

function ignore(): void {
  // The call is over; what its end throws concerns nobody.
}
