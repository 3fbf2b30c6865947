/** Listeners by signal. The signal itself has only one listener, which calls them. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Listens to a signal that may have any number of listeners. One signal commonly aborts thousands of calls, and Node
 * warns of a leak from the 11th listener on.
 *
 * @returns A function that removes the listener.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  let all = listeners.get(signal);
  if (all === undefined) {
    const own = new Set<() => void>();
    const abort = (): void => {
      listeners.delete(signal);
      for (const each of own) each();
    };
    // Never removed: once all listeners are gone, it retains only an empty set.
    signal.addEventListener("abort", abort, { once: true });
    listeners.set(signal, own);
    all = own;
  }
  const own = all;
  own.add(listener);
  return () => {
    own.delete(listener);
  };
}
