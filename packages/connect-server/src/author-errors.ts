import type { Interceptor } from "@connectrpc/connect";
import { statusError } from "@kloset/wire/grpc";

/**
 * Converts everything that an implementation throws into the error sent to the host, and ends the implementation's
 * response stream when its call is aborted, so that its `finally` runs. Connect itself answers plain errors with
 * "internal error", treats a thrown `undefined` as success, and never resumes a generator suspended at `yield`.
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
        // A running generator stops at its next yield.
        iterator.return?.().catch(ignore);
      };
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      const settle = async (step: Promise<IteratorResult<T>>): Promise<IteratorResult<T>> => {
        try {
          const result = await step;
          if (result.done !== true) return result;
          // If the stream was stopped, this is not the end of the messages.
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
  // The call is over: errors of its cleanup have no effect.
}
