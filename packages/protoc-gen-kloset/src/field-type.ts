import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { Edition, isWrapperDesc } from "@bufbuild/protobuf/wkt";

/** A scalar or enum type. */
export interface ValueType {
  readonly kind: "value";
  /** The name of the methods of Reader and Writer; undefined if functions of the runtime read and write the type. */
  readonly method?: "string" | "bytes" | "bool" | "int32" | "uint32" | "int64" | "uint64";
  /** The name of the type in the names of the runtime's functions, for example "Double" in "readDouble". */
  readonly suffix?: string;
  readonly wireType: 0 | 1 | 2 | 5;
  /** The value of an absent field, as an expression. */
  readonly zero: string;
  /** True if a string stands for a 64-bit integer: the field has the option `jstype = JS_STRING`. */
  readonly isText?: boolean;
}

/** A message. */
export interface MessageType {
  readonly kind: "message";
  readonly message: DescMessage;
  /** The representation in the field, which is protobuf-es's: the value of a wrapper, and the JSON object of a Struct. */
  readonly form: "message" | "wrapper" | "struct";
}

/** The type of a single value of a field. */
export type SingleType = ValueType | MessageType;

/** The type of a repeated field. */
export interface ListType {
  readonly many: "list";
  readonly type: SingleType;
  readonly isPacked: boolean;
}

/** The type of a map field. */
export interface MapType {
  readonly many: "map";
  readonly key: ValueType;
  /** The type of the values. */
  readonly type: SingleType;
}

/** The type of a field. */
export type FieldType = { readonly many: "one"; readonly type: SingleType } | ListType | MapType;

const values: Readonly<Record<ScalarType, ValueType>> = {
  [ScalarType.STRING]: { kind: "value", method: "string", wireType: 2, zero: '""' },
  [ScalarType.BYTES]: { kind: "value", method: "bytes", wireType: 2, zero: "noBytes" },
  [ScalarType.BOOL]: { kind: "value", method: "bool", wireType: 0, zero: "false" },
  [ScalarType.INT32]: { kind: "value", method: "int32", wireType: 0, zero: "0" },
  [ScalarType.UINT32]: { kind: "value", method: "uint32", wireType: 0, zero: "0" },
  [ScalarType.INT64]: { kind: "value", method: "int64", wireType: 0, zero: "0n" },
  [ScalarType.UINT64]: { kind: "value", method: "uint64", wireType: 0, zero: "0n" },
  [ScalarType.SINT32]: { kind: "value", suffix: "Sint32", wireType: 0, zero: "0" },
  [ScalarType.SINT64]: { kind: "value", suffix: "Sint64", wireType: 0, zero: "0n" },
  [ScalarType.FIXED32]: { kind: "value", suffix: "Fixed32", wireType: 5, zero: "0" },
  [ScalarType.FIXED64]: { kind: "value", suffix: "Fixed64", wireType: 1, zero: "0n" },
  [ScalarType.SFIXED32]: { kind: "value", suffix: "Sfixed32", wireType: 5, zero: "0" },
  [ScalarType.SFIXED64]: { kind: "value", suffix: "Sfixed64", wireType: 1, zero: "0n" },
  [ScalarType.FLOAT]: { kind: "value", suffix: "Float", wireType: 5, zero: "0" },
  [ScalarType.DOUBLE]: { kind: "value", suffix: "Double", wireType: 1, zero: "0" },
};

/** Returns the type of a field of a proto3 message. */
export function typeOf(field: DescField): FieldType {
  switch (field.fieldKind) {
    case "map":
      return { many: "map", key: values[field.mapKey], type: singleType(field, false) };
    case "list": {
      const isText = field.listKind === "scalar" && field.longAsString;
      return { many: "list", type: singleType(field, isText), isPacked: field.packed };
    }
    default:
      return { many: "one", type: singleType(field, field.fieldKind === "scalar" && field.longAsString) };
  }
}

/** Returns true for a message that protobuf-es reads and writes: other syntaxes have other rules for presence and enums. */
export function isDelegated({ file }: DescMessage): boolean {
  return file.edition !== Edition.EDITION_PROTO3;
}

/** Returns true if a value of the field differs from +0 only by its sign: -0 is not the default. */
export function hasNegativeZero(type: ValueType): boolean {
  return type.suffix === "Float" || type.suffix === "Double";
}

/** Returns true for `map<string, string>`, which has methods of its own in Reader and Writer. */
export function isStringMap({ key, type }: MapType): boolean {
  return key.method === "string" && type.kind === "value" && type.method === "string";
}

function singleType(field: DescField, isText: boolean): SingleType {
  if (field.message !== undefined)
    return { kind: "message", message: field.message, form: formOf(field, field.message) };
  // Enums of proto3 are open: every int32 is a value.
  const type = values[field.scalar ?? ScalarType.INT32];
  return isText ? { ...type, zero: '"0"', isText } : type;
}

function formOf(field: DescField, message: DescMessage): MessageType["form"] {
  if (isWrapperDesc(message) && field.fieldKind === "message" && field.oneof === undefined) return "wrapper";
  const isStruct = message.typeName === "google.protobuf.Struct";
  return isStruct && field.parent.typeName !== "google.protobuf.Value" ? "struct" : "message";
}
