/**
 * The numeric types that no message of the plugin protocol uses today. They are functions, not methods of Reader and
 * Writer, so that bundles contain only those that a codec calls.
 *
 * @module
 */
import { refuse } from "./field-refusal.js";
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

/** The most bytes that a tag and a value of fixed length take. */
const MAX_FIXED_FIELD = 13;

/** The largest finite value of a `float`. */
const MAX_FLOAT = 3.4028234663852886e38;

/** Reads a `double`. */
export function readDouble(r: Reader): number {
  const at = r.take(8);
  return r.buffer.readDoubleLE(at);
}

/** Reads a `float`. */
export function readFloat(r: Reader): number {
  const at = r.take(4);
  return r.buffer.readFloatLE(at);
}

/** Reads a `fixed32`. */
export function readFixed32(r: Reader): number {
  const at = r.take(4);
  return r.buffer.readUInt32LE(at);
}

/** Reads a `fixed64`. */
export function readFixed64(r: Reader): bigint {
  const at = r.take(8);
  return r.buffer.readBigUInt64LE(at);
}

/** Reads an `sfixed32`. */
export function readSfixed32(r: Reader): number {
  const at = r.take(4);
  return r.buffer.readInt32LE(at);
}

/** Reads an `sfixed64`. */
export function readSfixed64(r: Reader): bigint {
  const at = r.take(8);
  return r.buffer.readBigInt64LE(at);
}

/** Reads an `sint32`. */
export function readSint32(r: Reader): number {
  const zigzag = r.uint32();
  return (zigzag >>> 1) ^ -(zigzag & 1);
}

/** Reads an `sint64`. */
export function readSint64(r: Reader): bigint {
  const zigzag = r.uint64();
  return (zigzag >> 1n) ^ -(zigzag & 1n);
}

/** Writes a `double`. */
export function writeDouble(w: Writer, tag: number, value: number, field: string): void {
  if (typeof value !== "number") refuse(field, "a double", value);
  const at = w.begin(tag, MAX_FIXED_FIELD);
  w.length = w.buffer.writeDoubleLE(value, at);
}

/** Writes a `float`. Rounds to the nearest one. */
export function writeFloat(w: Writer, tag: number, value: number, field: string): void {
  if (typeof value !== "number" || (Number.isFinite(value) && Math.abs(value) > MAX_FLOAT))
    refuse(field, "a float", value);
  const at = w.begin(tag, MAX_FIXED_FIELD);
  w.length = w.buffer.writeFloatLE(value, at);
}

/** Writes a `fixed32`. */
export function writeFixed32(w: Writer, tag: number, value: number, field: string): void {
  if (typeof value !== "number" || value >>> 0 !== value) refuse(field, "a fixed32", value);
  const at = w.begin(tag, MAX_FIXED_FIELD);
  w.length = w.buffer.writeUInt32LE(value, at);
}

/** Writes a `fixed64`. */
export function writeFixed64(w: Writer, tag: number, value: bigint, field: string): void {
  if (typeof value !== "bigint" || BigInt.asUintN(64, value) !== value) refuse(field, "a fixed64", value);
  const at = w.begin(tag, MAX_FIXED_FIELD);
  w.length = w.buffer.writeBigUInt64LE(value, at);
}

/** Writes an `sfixed32`. */
export function writeSfixed32(w: Writer, tag: number, value: number, field: string): void {
  if (typeof value !== "number" || (value | 0) !== value) refuse(field, "an sfixed32", value);
  const at = w.begin(tag, MAX_FIXED_FIELD);
  w.length = w.buffer.writeInt32LE(value, at);
}

/** Writes an `sfixed64`. */
export function writeSfixed64(w: Writer, tag: number, value: bigint, field: string): void {
  if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) refuse(field, "an sfixed64", value);
  const at = w.begin(tag, MAX_FIXED_FIELD);
  w.length = w.buffer.writeBigInt64LE(value, at);
}

/** Writes an `sint32`. */
export function writeSint32(w: Writer, tag: number, value: number, field: string): void {
  if (typeof value !== "number" || (value | 0) !== value) refuse(field, "an sint32", value);
  w.uint32(tag, ((value << 1) ^ (value >> 31)) >>> 0, field);
}

/** Writes an `sint64`. */
export function writeSint64(w: Writer, tag: number, value: bigint, field: string): void {
  if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) refuse(field, "an sint64", value);
  w.uint64(tag, BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)), field);
}

/** Returns the number that a string in place of a 64-bit integer stands for (`jstype = JS_STRING`). */
export function longOf(value: string, field: string): bigint {
  if (typeof value !== "string" || !/^-?\d+$/.test(value)) refuse(field, "a string of decimal digits", value);
  return BigInt(value);
}
