import { isUtf8 } from "node:buffer";
import { fromBinary, ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Code, statusText } from "@kloset/wire/grpc";
import type { LastMessage } from "./last-message.js";
import { quotedBytes } from "@kloset/wire/codec";
import type { UniversalResponse } from "./router.js";

/** Connect's error for a message that it cannot decode; an author's text may precede it. */
const decodingError = /parse binary: .*/s;

/**
 * Adds the cause to the status of a call whose request could not be decoded. Connect's text is "parse binary: …", which
 * names neither the message nor the field.
 */
export function explainUnreadable(
  response: UniversalResponse,
  type: DescMessage,
  last: LastMessage,
): UniversalResponse {
  const { trailer } = response;
  if (trailer === undefined) return response;
  return {
    ...response,
    // A getter: the trailer is complete, and read, only when the call has ended.
    get trailer() {
      const message = decodeURIComponent(trailer.get("grpc-message") ?? "");
      const bytes = decodingError.test(message) ? last.bytes() : undefined;
      const reason = bytes === undefined ? undefined : unreadable(type, bytes);
      if (reason === undefined) return trailer;
      const explained = new Headers(trailer);
      explained.set("grpc-message", encodeURIComponent(statusText(message.replace(decodingError, () => reason))));
      if (trailer.get("grpc-status") === String(Code.Internal))
        explained.set("grpc-status", String(Code.InvalidArgument));
      return explained;
    },
  };
}

/**
 * Returns the reason why bytes cannot be decoded as a message, naming a field that is not valid UTF-8, which
 * protobuf-es does not do.
 *
 * @returns undefined if the bytes are a valid message.
 */
export function unreadable(type: DescMessage, bytes: Uint8Array): string | undefined {
  try {
    fromBinary(type, bytes);
    return undefined;
  } catch (error) {
    const text = invalidText(type, bytes, "");
    const reason = error instanceof Error ? error.message : String(error);
    return `the request is not a valid ${type.typeName}: ${text ?? reason}`;
  }
}

/** Describes the first string that is not valid UTF-8; undefined if none precedes the point where decoding fails. */
function invalidText(type: DescMessage, bytes: Uint8Array, parent: string): string | undefined {
  const fields = new Map(type.fields.map((field) => [field.number, field]));
  const reader = new BinaryReader(bytes);
  try {
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      const field = fields.get(number);
      if (field === undefined || wireType !== WireType.LengthDelimited) {
        reader.skip(wireType, number);
        continue;
      }
      const found = invalidIn(field, reader.bytes(), parent);
      if (found !== undefined) return found;
    }
  } catch {
    // The message is malformed in another respect.
  }
  return undefined;
}

function invalidIn(field: DescField, value: Uint8Array, parent: string): string | undefined {
  const name = `${parent}${field.name}`;
  if (field.fieldKind !== "map" && field.message !== undefined) return invalidText(field.message, value, `${name}.`);
  const texts =
    field.fieldKind === "map" ? textsOfEntry(field, value) : field.scalar === ScalarType.STRING ? [value] : [];
  const invalid = texts.find((text) => !isUtf8(text));
  return invalid === undefined ? undefined : `its field "${name}" is not UTF-8: ${quotedBytes(invalid)}`;
}

/**
 * Returns the strings of a map entry, a message with key 1 and value 2. No map here has values that are messages with
 * strings.
 */
function textsOfEntry(field: DescField & { fieldKind: "map" }, entry: Uint8Array): Uint8Array[] {
  const types = [undefined, field.mapKey, field.scalar];
  const texts: Uint8Array[] = [];
  const reader = new BinaryReader(entry);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited) reader.skip(wireType, number);
    else if (types[number] === ScalarType.STRING) texts.push(reader.bytes());
    else reader.bytes();
  }
  return texts;
}
