/**
 * Throws an error that names the field, the type it expects, and the value.
 *
 * @param field - The full name, for example "importer.InitResponse.flags".
 * @param type - The expected type with its article, for example "a uint32".
 * @throws RangeError for a number that is out of range or not an integer where it must be; TypeError for anything else.
 */
export function refuse(field: string, type: string, value: unknown): never {
  const text = `${field}: expected ${type}, got ${described(value)}`;
  const isNumber = typeof value === (/64$/.test(type) ? "bigint" : "number") && /int|fixed|float/.test(type);
  throw isNumber ? new RangeError(text) : new TypeError(text);
}

/** @throws TypeError that names the field whose string has a lone surrogate. */
export function refuseSurrogates(field: string): never {
  throw new TypeError(`${field}: expected a string that UTF-8 can encode, got one with a lone surrogate`);
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
      if (value instanceof Map) return "a Map";
      return Array.isArray(value) ? "an array" : "an object";
    default:
      return `a ${typeof value}`;
  }
}
