import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/**
 * Returns true if protobuf-es would misread a map entry of the message: one with further fields, which protobuf-es does
 * not skip properly, with the key "__proto__", which it loses, or with a message in several parts, of which it keeps the
 * last.
 */
export function hasForeignEntry(desc: DescMessage, bytes: Uint8Array): boolean {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const value = reader.skip(wireType, number);
    const field = desc.fields.find((one) => one.number === number);
    if (field === undefined || wireType !== WireType.LengthDelimited) continue;
    const content = new BinaryReader(value).bytes();
    if (
      field.fieldKind === "map"
        ? isForeign(field, content)
        : field.message !== undefined && hasForeignEntry(field.message, content)
    )
      return true;
  }
  return false;
}

function isForeign(field: DescField & { fieldKind: "map" }, entry: Uint8Array): boolean {
  const reader = new BinaryReader(entry);
  let messages = 0;
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const value = reader.skip(wireType, number);
    if (number > 2 || (number === 1 && Buffer.from(value).includes("__proto__"))) return true;
    if (number !== 2 || field.message === undefined || wireType !== WireType.LengthDelimited) continue;
    if (++messages > 1 || hasForeignEntry(field.message, new BinaryReader(value).bytes())) return true;
  }
  return false;
}
