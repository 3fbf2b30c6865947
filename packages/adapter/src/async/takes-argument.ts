/** In place of a signal that can not be seen. */
export const NO_SIGNAL = undefined as unknown as AbortSignal;

/** What a function's text must look like for its length to tell all: plain names, or the fields of an object. */
const PLAIN =
  /^(?:async\s+)?(?:function\b\s*)?\*?\s*[\w$]*\s*\(\s*(?:(?:[\w$]+|\{[\w$\s,]*\})\s*(?:,\s*(?:[\w$]+|\{[\w$\s,]*\})\s*)*,?\s*)?\)/;

/** By function: what a text says does not change. */
const known = new WeakMap<object, number>();

/**
 * Whether a method of an author's could see its argument of an index. What it can
 * not see need not be made: a signal for each of a million files costs more than
 * all else that is done for them.
 *
 * Says yes unless the method's text proves the opposite: no default, no rest,
 * no `arguments`; nothing is known of one that is bound, native or a proxy.
 */
export function takesArgument<Owner extends object>(owner: Owner, method: keyof Owner, index: number): boolean {
  const called: unknown = owner[method];
  if (typeof called !== "function") return true;
  let visible = known.get(called);
  if (visible === undefined) known.set(called, (visible = visibleArguments(called)));
  return visible > index;
}

function visibleArguments(method: { readonly length: number }): number {
  const text = Function.prototype.toString.call(method);
  // "eval" could spell "arguments" in pieces.
  return PLAIN.test(text) && !/\barguments\b|\beval\b|\[native code\]/.test(text) ? method.length : Infinity;
}
