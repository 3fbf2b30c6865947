import {
  isMessage,
  ScalarType,
  toJson,
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type Message,
} from "@bufbuild/protobuf";
import { reflect, type ReflectList, type ReflectMap, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { TimestampSchema, type Timestamp } from "@bufbuild/protobuf/wkt";
import { base64Encode } from "@bufbuild/protobuf/wire";

/** Longer data is replaced by its length. */
const MAX_SHOWN_BYTES = 64;

const MASK = "***";

/** The message whose only field is a secret. */
const SECRET_MESSAGE = "secret_provider.ResolveResponse";

/** Configuration keys whose values are confidential, by their usual names: a host does not know the plugin's schema. */
const SECRET_KEY = /pass|secret|token|credential|private|auth|(?:^|[_-])(?:access|api)?[_-]?key$/i;

/** The password of a location, after `scheme://user:`. */
const LOCATION_PASSWORD = /^([^/]*:\/\/[^/:]*:)[^/]*@/;

/**
 * Converts a message to protobuf JSON, as in transcripts: data of more than 64 bytes becomes `<N bytes>`. A resolved
 * secret becomes `***`, and so do the password in a location, and the values of a configuration: of a secret provider, all
 * but the location; of other connectors, those whose key looks like a secret's.
 */
export function traceJson(schema: DescMessage, message: Message): JsonObject {
  return jsonOfMessage(reflect(schema, message));
}

function jsonOfMessage(message: ReflectMessage): JsonObject {
  const json: JsonObject = {};
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const value = jsonOfField(field, message.get(field));
    json[field.jsonName] = masked(message.desc.typeName, field.name, value);
  }
  return json;
}

function masked(message: string, field: string, value: JsonValue): JsonValue {
  if (message === SECRET_MESSAGE) return MASK;
  // Stores answer Init with their location as the root.
  if (field === "location" || field === "root") return withoutPassword(value);
  if (!message.endsWith(".InitRequest") || field !== "config") return value;
  const keepsSecrets = message.startsWith("secret_provider.");
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, text]) => {
      if (key === "location") return [key, withoutPassword(text)];
      return [key, keepsSecrets || SECRET_KEY.test(key) ? MASK : text];
    }),
  );
}

function withoutPassword(location: JsonValue): JsonValue {
  return typeof location === "string" ? location.replace(LOCATION_PASSWORD, `$1${MASK}@`) : location;
}

function jsonOfField(field: DescField, value: unknown): JsonValue {
  switch (field.fieldKind) {
    case "list":
      return [...(value as ReflectList)].map((item) => jsonOfValue(field, item));
    case "map": {
      const json: JsonObject = {};
      for (const [key, item] of value as ReflectMap) json[String(key)] = jsonOfValue(field, item);
      return json;
    }
    default:
      return jsonOfValue(field, value);
  }
}

function jsonOfValue(field: DescField, value: unknown): JsonValue {
  if (field.message !== undefined) {
    const { message } = value as ReflectMessage;
    return isMessage(message, TimestampSchema) ? jsonOfTimestamp(message) : jsonOfMessage(value as ReflectMessage);
  }
  if (field.enum !== undefined) return field.enum.value[value as number]?.name ?? (value as number);
  if (field.scalar === ScalarType.BYTES) return jsonOfBytes(value as Uint8Array);
  return typeof value === "bigint" ? String(value) : (value as string | number | boolean);
}

function jsonOfBytes(bytes: Uint8Array): string {
  return bytes.length > MAX_SHOWN_BYTES ? `<${bytes.length} bytes>` : base64Encode(bytes);
}

function jsonOfTimestamp(timestamp: Timestamp): JsonValue {
  try {
    return toJson(TimestampSchema, timestamp);
  } catch {
    // Protobuf JSON cannot represent years before 1 or after 9999. A trace must not fail the call.
    return { seconds: String(timestamp.seconds), nanos: timestamp.nanos };
  }
}
