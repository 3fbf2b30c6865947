/** A promise that the test settles. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

/** Makes one. */
export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void; // The executor runs at once.
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Settles when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else
      signal.addEventListener("abort", () => {
        resolve();
      });
  });
}
