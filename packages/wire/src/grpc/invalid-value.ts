/**
 * A TypeError with which the SDK rejects a value from the author's code. Its text names the value and the method, so
 * that {@link reportStack} adds no stack: the stack would show the SDK only.
 */
export class InvalidValue extends TypeError {}

/** The same as {@link InvalidValue}, for a value that is out of range. */
export class OutOfRange extends RangeError {}
