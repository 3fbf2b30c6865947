import { setMaxListeners } from "node:events";

/**
 * Runs a fixed number of workers and waits for all. When one fails, the work is
 * aborted, and the first failure is thrown when all have ended.
 *
 * @param abort - Aborted on a failure. The workers must end by it.
 */
export async function runWorkers(count: number, abort: AbortController, work: () => Promise<void>): Promise<void> {
  let failure: { readonly reason: unknown } | undefined;
  const guarded = async (): Promise<void> => {
    try {
      await work();
    } catch (reason) {
      failure ??= { reason };
      abort.abort(reason);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.trunc(count)) }, guarded));
  if (failure !== undefined) throw failure.reason;
}

/**
 * @returns A signal that is aborted by either. It takes any number of listeners:
 * whoever keeps or reads several entries at once may have some for each, and Node
 * would warn of a leak.
 */
export function eitherSignal(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  const signal = other === undefined ? one : AbortSignal.any([one, other]);
  setMaxListeners(0, signal);
  return signal;
}
