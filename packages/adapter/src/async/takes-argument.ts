/** Stands in for a signal that the called method cannot see. */
export const NO_SIGNAL = undefined as unknown as AbortSignal;

/** The parameter lists for which a function's `length` is reliable: only plain names or destructured fields. */
const PLAIN =
  /^(?:async\s+)?(?:function\b\s*)?\*?\s*[\w$]*\s*\(\s*(?:(?:[\w$]+|\{[\w$\s,]*\})\s*(?:,\s*(?:[\w$]+|\{[\w$\s,]*\})\s*)*,?\s*)?\)/;

/** Results by function: its source text never changes. */
const known = new WeakMap<object, number>();

/**
 * Returns true if an author's method could see the argument at an index. An argument that
 * it cannot see need not be created: a signal for each of a million files costs more than
 * all other work for these files.
 *
 * Returns false only if the method's source text proves it: no default, no rest, no
 * `arguments`. Nothing is known about a bound or native function or a proxy.
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
  // `eval` could assemble the word "arguments" from pieces.
  return PLAIN.test(text) && !/\barguments\b|\beval\b|\[native code\]/.test(text) ? method.length : Infinity;
}
