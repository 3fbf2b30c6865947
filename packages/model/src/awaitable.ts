/** A value or a promise of it. Every connector method may be sync or async. */
export type Awaitable<T> = T | PromiseLike<T>;
