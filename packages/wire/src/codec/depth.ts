import { Malformed } from "./malformed.js";

/** The deepest nesting of recursive messages, the outermost included: each level takes stack. protobuf-es reads as many. */
const MAX_DEPTH = 100;

/** Returns the depth of a message within a recursive message. Throws {@link Malformed} if it is too deep. */
export function deeper(depth: number): number {
  if (depth >= MAX_DEPTH - 1) throw new Malformed("maximum recursion depth reached");
  return depth + 1;
}

/**
 * Returns the depth of a message to be written within a recursive message.
 *
 * @throws RangeError that names the field, if no reader would accept the message. That includes cycles.
 */
export function deeperIn(field: string, depth: number): number {
  if (depth >= MAX_DEPTH - 1) throw new RangeError(`${field}: expected at most ${MAX_DEPTH} nested messages, got more`);
  return depth + 1;
}
