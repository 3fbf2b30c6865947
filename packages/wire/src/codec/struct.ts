/**
 * `google.protobuf.Struct`, which protobuf-es represents as a JSON object in the fields of other messages.
 *
 * @module
 */
import { deeperIn } from "./depth.js";
import { refuse } from "./field-refusal.js";
import { mapEntries, setMapEntry } from "./maps.js";

type Json = number | string | boolean | null | JsonObject | Json[];

interface JsonObject {
  [key: string]: Json;
}

interface Struct {
  $typeName: "google.protobuf.Struct";
  fields: Record<string, Value>;
}

interface ListValue {
  $typeName: "google.protobuf.ListValue";
  values: Value[];
}

interface Value {
  $typeName: "google.protobuf.Value";
  kind:
    | { case: "nullValue"; value: 0 }
    | { case: "numberValue"; value: number }
    | { case: "stringValue"; value: string }
    | { case: "boolValue"; value: boolean }
    | { case: "structValue"; value: Struct }
    | { case: "listValue"; value: ListValue }
    | { case: undefined; value?: undefined };
}

/** Any `Struct` with the fields of its own type: the enum of null values belongs to protobuf-es. */
interface AnyStruct {
  readonly fields: Readonly<Record<string, AnyValue>>;
}

interface AnyValue {
  readonly kind: { readonly case: Value["kind"]["case"]; readonly value?: unknown };
}

/** Converts a `Struct` to a JSON object. A value that is not set becomes null. */
export function structToJson({ fields }: AnyStruct): JsonObject {
  const json: JsonObject = {};
  for (const [key, value] of Object.entries(fields)) setMapEntry(json, key, valueToJson(value));
  return json;
}

function valueToJson({ kind }: AnyValue): Json {
  switch (kind.case) {
    case "structValue":
      return structToJson(kind.value as AnyStruct);
    case "listValue":
      return (kind.value as { readonly values: readonly AnyValue[] }).values.map(valueToJson);
    case "nullValue":
    case undefined:
      return null;
    default:
      return kind.value as number | string | boolean;
  }
}

/**
 * Converts a JSON object to a `Struct`.
 *
 * @param field - The full name of the field, for errors.
 * @throws TypeError that names the field, for a value that JSON cannot hold; RangeError if it is nested too deeply.
 */
export function jsonToStruct(json: Readonly<Record<string, unknown>>, field: string, depth = 0): Struct {
  const fields: Record<string, Value> = {};
  for (const [key, value] of mapEntries(json, field)) setMapEntry(fields, key, jsonToValue(value, field, depth));
  return { $typeName: "google.protobuf.Struct", fields };
}

function jsonToValue(json: unknown, field: string, depth: number): Value {
  return { $typeName: "google.protobuf.Value", kind: jsonToKind(json, field, depth) };
}

function jsonToKind(json: unknown, field: string, depth: number): Value["kind"] {
  switch (typeof json) {
    case "number":
      return { case: "numberValue", value: json };
    case "string":
      return { case: "stringValue", value: json };
    case "boolean":
      return { case: "boolValue", value: json };
    case "object": {
      if (json === null) return { case: "nullValue", value: 0 };
      const inner = deeperIn(field, depth);
      if (!Array.isArray(json))
        return { case: "structValue", value: jsonToStruct(json as Record<string, unknown>, field, inner) };
      const values = json.map((one) => jsonToValue(one, field, inner));
      return { case: "listValue", value: { $typeName: "google.protobuf.ListValue", values } };
    }
    default:
      return refuse(field, "a JSON value", json);
  }
}
