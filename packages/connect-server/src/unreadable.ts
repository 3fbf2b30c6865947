import { isUtf8 } from "node:buffer";
import { fromBinary, ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Code, statusText } from "@kloset/wire/grpc";
import type { LastMessage } from "./last-message.js";
import { quotedBytes } from "@kloset/wire/codec";
import type { UniversalResponse } from "./router.js";

/** How connect begins what it says of a message that it can not read; an author's text may stand before it. */
const unreadableText = /parse binary: .*/s;

/**
 * Makes the status of a call say what was wrong with a request that could not
 * be read: connect says "parse binary: …" and names neither message nor field.
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
    // It is complete, and asked for, when the call has ended.
    get trailer() {
      const message = decodeURIComponent(trailer.get("grpc-message") ?? "");
      const bytes = unreadableText.test(message) ? last.bytes() : undefined;
      const reason = bytes === undefined ? undefined : unreadable(type, bytes);
      if (reason === undefined) return trailer;
      const explained = new Headers(trailer);
      explained.set("grpc-message", encodeURIComponent(statusText(message.replace(unreadableText, () => reason))));
      if (trailer.get("grpc-status") === String(Code.Internal))
        explained.set("grpc-status", String(Code.InvalidArgument));
      return explained;
    },
  };
}

/**
 * Why bytes are no message of a type, with the name of the field where it is a
 * text that is no UTF-8. protobuf-es alone does not say which.
 *
 * @returns undefined when they are one.
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

/** The first text of a message that is no UTF-8; undefined when there is none up to where the message breaks off. */
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
    // Broken in another way.
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

/** An entry of a map is a message: 1 is its key, 2 its value. No map here holds messages with texts. */
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
