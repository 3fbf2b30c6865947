/**
 * Says which field can not hold a value, and why.
 *
 * @param field - As "importer.InitResponse.flags".
 * @param type - As "a uint32".
 * @throws RangeError for a number that is too large, too small or broken, TypeError for anything else.
 */
export function refuse(field: string, type: string, value: unknown): never {
  const text = `${field} is ${type}: it can not hold ${described(value)}`;
  const isNumber = typeof value === (/64$/.test(type) ? "bigint" : "number") && /int/.test(type);
  throw isNumber ? new RangeError(text) : new TypeError(text);
}

/** @throws TypeError that names the field whose text holds half a character. */
export function refuseSurrogates(field: string): never {
  throw new TypeError(`${field} is a string: it can not hold a lone surrogate, which UTF-8 can not express`);
}

function described(value: unknown): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "number":
      return String(value);
    case "bigint":
      return `${String(value)}n`;
    case "undefined":
      return "undefined";
    case "object":
      return Array.isArray(value) ? "an array" : "an object";
    default:
      return `a ${typeof value}`;
  }
}
