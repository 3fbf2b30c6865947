/**
 * Map fields other than `map<string, string>`, whose entries Reader and Writer handle themselves.
 *
 * @module
 */
import { refuse } from "./field-refusal.js";
import type { FieldNames } from "./reader.js";

/** The fields of a map's entries. */
export const fieldsOfEntry: FieldNames = [undefined, "key", "value"];

/** Returns the entries of a map field. Throws if the value is not a plain object. */
export function mapEntries<Value>(map: Readonly<Record<string, Value>>, field: string): [string, Value][] {
  if (typeof map !== "object" || Array.isArray(map) || map instanceof Map) refuse(field, "a map", map);
  return Object.entries(map);
}

/** Sets an entry. A plain assignment to `__proto__` would not create a key. */
export function setMapEntry<Value>(map: Record<string, Value>, key: string, value: Value): void {
  if (key === "__proto__")
    Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  else map[key] = value;
}

/** Returns the integer of up to 32 bits that a key stands for. The writer checks its range. */
export function numberKey(key: string, field: string): number {
  return Number(bigintKey(key, field));
}

/** Returns the integer that a key stands for. The writer checks its range. */
export function bigintKey(key: string, field: string): bigint {
  if (!/^(0|-?[1-9]\d*)$/.test(key)) refuseKey(field, "a decimal integer", key);
  return BigInt(key);
}

/** Returns the `bool` that a key stands for. */
export function boolKey(key: string, field: string): boolean {
  if (key !== "true" && key !== "false") refuseKey(field, '"true" or "false"', key);
  return key === "true";
}

function refuseKey(field: string, expected: string, key: string): never {
  throw new TypeError(`${field}: expected ${expected} as a map key, got ${JSON.stringify(key)}`);
}
