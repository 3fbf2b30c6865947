import { ScalarType, type DescField, type DescFile, type DescMessage } from "@bufbuild/protobuf";
import { Edition } from "@bufbuild/protobuf/wkt";

/** A scalar or enum type. Its name is that of the method of Reader and Writer. */
interface ValueType {
  readonly kind: "value";
  readonly method: "string" | "bytes" | "bool" | "int32" | "uint32" | "int64" | "uint64";
  readonly wireType: 0 | 2;
  /** The value of an absent field, as an expression. */
  readonly zero: string;
}

/** A message. */
export interface MessageType {
  readonly kind: "message";
  readonly message: DescMessage;
}

/** The type of a single value of a field. */
export type SingleType = ValueType | MessageType;

/** The type of a field, if the generator supports it. */
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
 * Returns the type of a field.
 *
 * @throws Error that names the file, message and field, if the generator does not support its type: a codec that left
 * the field out would lose data.
 */
export function typeOf(field: DescField): FieldType {
  const { file } = field.parent;
  // Other syntaxes have other rules for defaults and presence.
  if (file.edition !== Edition.EDITION_PROTO3) throw unknown(field, `${valueName(field)} in ${syntaxOf(file)}`);
  switch (field.fieldKind) {
    case "map":
      if (field.mapKey !== ScalarType.STRING || field.scalar !== ScalarType.STRING)
        throw unknown(field, `map<${nameOf(field.mapKey)}, ${valueName(field)}>`);
      return { many: "map" };
    case "list":
      if (field.listKind === "message")
        return { many: "list", type: messageType(field, field.message, field.delimitedEncoding) };
      // Numbers would be packed, which is another encoding.
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
  // protobuf-es does not represent these as plain messages.
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
    `${field.parent.file.name}.proto: field "${field.name}" of ${field.parent.typeName} is ${type}: the generator does not support this type`,
  );
}
