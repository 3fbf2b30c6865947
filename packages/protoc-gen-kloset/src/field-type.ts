import { ScalarType, type DescField, type DescFile, type DescMessage } from "@bufbuild/protobuf";
import { Edition } from "@bufbuild/protobuf/wkt";

/** The types that stand as they are in a field, a list or a oneof; each is a method of Reader and Writer. */
interface ValueType {
  readonly kind: "value";
  readonly method: "string" | "bytes" | "bool" | "int32" | "uint32" | "int64" | "uint64";
  readonly wireType: 0 | 2;
  /** What stands for a field that is not there, as an expression. */
  readonly zero: string;
}

/** A message. */
export interface MessageType {
  readonly kind: "message";
  readonly message: DescMessage;
}

/** What one value of a field is. */
export type SingleType = ValueType | MessageType;

/** What a field is, as far as the generator knows. */
export type FieldType = { readonly many: "one" | "list"; readonly type: SingleType } | { readonly many: "map" };

const values: Readonly<Partial<Record<ScalarType, ValueType>>> = {
  [ScalarType.STRING]: { kind: "value", method: "string", wireType: 2, zero: '""' },
  [ScalarType.BYTES]: { kind: "value", method: "bytes", wireType: 2, zero: "noBytes" },
  [ScalarType.BOOL]: { kind: "value", method: "bool", wireType: 0, zero: "false" },
  [ScalarType.INT32]: { kind: "value", method: "int32", wireType: 0, zero: "0" },
  [ScalarType.UINT32]: { kind: "value", method: "uint32", wireType: 0, zero: "0" },
  [ScalarType.INT64]: { kind: "value", method: "int64", wireType: 0, zero: "0n" },
  [ScalarType.UINT64]: { kind: "value", method: "uint64", wireType: 0, zero: "0n" },
};

/**
 * What a field is.
 *
 * @throws Error that names file, message and field, when the generator does not know how to write it: a codec that
 * left it out would lose data.
 */
export function typeOf(field: DescField): FieldType {
  const { file } = field.parent;
  // Other syntaxes have defaults and presences of their own.
  if (file.edition !== Edition.EDITION_PROTO3) throw unknown(field, `${valueName(field)} in ${syntaxOf(file)}`);
  switch (field.fieldKind) {
    case "map":
      if (field.mapKey !== ScalarType.STRING || field.scalar !== ScalarType.STRING)
        throw unknown(field, `map<${nameOf(field.mapKey)}, ${valueName(field)}>`);
      return { many: "map" };
    case "list":
      if (field.listKind === "message")
        return { many: "list", type: messageType(field, field.message, field.delimitedEncoding) };
      // Numbers are packed, which is another encoding.
      if (field.scalar !== ScalarType.STRING && field.scalar !== ScalarType.BYTES)
        throw unknown(field, `repeated ${valueName(field)}`);
      return { many: "list", type: valueType(field, field.scalar) };
    case "message":
      return { many: "one", type: messageType(field, field.message, field.delimitedEncoding) };
    case "enum":
      if (!field.enum.open || field.enum.values[0]?.number !== 0)
        throw unknown(field, `closed enum ${field.enum.typeName}`);
      return { many: "one", type: valueType(field, ScalarType.INT32) };
    case "scalar":
      if (field.longAsString) throw unknown(field, `${nameOf(field.scalar)} as a string`);
      return { many: "one", type: valueType(field, field.scalar) };
  }
}

function valueType(field: DescField, scalar: ScalarType): ValueType {
  const type = values[scalar];
  if (type === undefined) throw unknown(field, nameOf(scalar));
  return type;
}

function messageType(field: DescField, message: DescMessage, isGroup: boolean): MessageType {
  if (isGroup) throw unknown(field, `group ${message.typeName}`);
  // protobuf-es gives these a shape that is not that of a message.
  if (/^google\.protobuf\.(?!Timestamp$)/.test(message.typeName)) throw unknown(field, message.typeName);
  return { kind: "message", message };
}

function valueName(field: DescField): string {
  if (field.scalar !== undefined) return nameOf(field.scalar);
  return field.message?.typeName ?? field.enum?.typeName ?? "?";
}

function syntaxOf({ edition }: DescFile): string {
  return (Edition[edition] as string | undefined)?.replace("EDITION_", "").toLowerCase() ?? "another syntax";
}

function nameOf(scalar: ScalarType): string {
  return ScalarType[scalar].toLowerCase();
}

function unknown(field: DescField, type: string): Error {
  return new Error(
    `${field.parent.file.name}.proto: field "${field.name}" of ${field.parent.typeName} is ${type}: the generator does not know that type`,
  );
}
