/** The listeners of a signal that is shared: it knows only of one. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Listens to a signal, however many others do: one signal commonly aborts
 * thousands of calls, and Node warns of a leak from the 11th listener on.
 *
 * @returns Stops listening.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  let all = listeners.get(signal);
  if (all === undefined) {
    const own = new Set<() => void>();
    const abort = (): void => {
      listeners.delete(signal);
      for (const each of own) each();
    };
    // Stays for the signal's life: it holds nothing but an empty set in the end.
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
