/** A value, or a promise of it: every method of a connector may be sync or async. */
export type Awaitable<T> = T | PromiseLike<T>;
