/**
 * Arbitrary messages for property tests, derived from descriptors.
 *
 * @module
 */
import { ScalarType, type DescField, type DescMessage, type DescOneof } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";

const bom = "\ufeff";
const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
  { weight: 4, arbitrary: fc.string({ unit: "binary-ascii", maxLength: 200 }) },
  { weight: 4, arbitrary: fc.string({ unit: "grapheme", maxLength: 9 }).map((rest) => bom + rest) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      "",
      bom,
      "\u{1f600}",
      "\0",
      "\ufffd",
      "ä".repeat(22),
      "é".repeat(63),
      "€".repeat(43),
      "a".repeat(127),
      "a".repeat(128),
    ),
  },
  // Lengths that take three bytes. For the second, two would be enough if it were ASCII.
  { weight: 1, arbitrary: fc.constantFrom("a".repeat(16_384), "€".repeat(5462)) },
);
const bytes = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 4, arbitrary: fc.constantFrom(0, 127, 128).map((length) => new Uint8Array(length).fill(7)) },
  { weight: 1, arbitrary: fc.constantFrom(16_383, 16_384).map((length) => new Uint8Array(length).fill(7)) },
);
const int32 = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 127, 128, 0x7fff_ffff, -0x8000_0000));
const uint32 = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0, 1, 127, 128, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
);
const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -300n, max: 300n }),
  fc.constantFrom(0n, 2n ** 31n, 2n ** 32n, -(2n ** 32n), 2n ** 63n - 1n, -(2n ** 63n)),
);
const uint64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 300n }),
  fc.constantFrom(0n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 64n - 1n),
);

const double = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1.5, NaN, Infinity, -Infinity, 5e-324));
const float = fc.oneof(fc.float(), fc.constantFrom(0, -0, 0.1, NaN, Infinity, -Infinity, 3.4028234663852886e38));

const scalars: Readonly<Record<ScalarType, fc.Arbitrary<string | number | bigint | boolean | Uint8Array>>> = {
  [ScalarType.STRING]: text,
  [ScalarType.BYTES]: bytes,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.INT32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.SINT32]: int32,
  [ScalarType.SINT64]: int64,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.FLOAT]: float,
  [ScalarType.DOUBLE]: double,
};

const json = fc.dictionary(
  text.filter((key) => key !== "__proto__"),
  fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes("__proto__")),
  { maxKeys: 3 },
);

/** The deepest nesting of messages. */
const MAX_DEPTH = 4;

/** Returns an arbitrary for the input of `create`: fields may be absent, undefined, default or extreme. */
export function initOf(desc: DescMessage, depth = 1): fc.Arbitrary<Record<string, unknown>> {
  const members = desc.members.flatMap((member) => {
    const value = memberOf(member, depth);
    return value === undefined ? [] : [[member.localName, fc.option(value, { nil: undefined })] as const];
  });
  return fc.record(Object.fromEntries(members), { requiredKeys: [] });
}

/** Returns undefined for a message that would be nested too deeply. */
function memberOf(member: DescField | DescOneof, depth: number): fc.Arbitrary<unknown> | undefined {
  if (member.kind === "field") return fieldOf(member, depth);
  const cases = member.fields.flatMap((field) => {
    const value = fieldOf(field, depth);
    return value === undefined ? [] : [fc.record({ case: fc.constant(field.localName), value })];
  });
  return fc.oneof(fc.constant({ case: undefined }), ...cases);
}

function fieldOf(field: DescField, depth: number): fc.Arbitrary<unknown> | undefined {
  const single = singleOf(field, depth);
  if (single === undefined) return undefined;
  switch (field.fieldKind) {
    case "map":
      return fc.dictionary(keyOf(field.mapKey), single, { maxKeys: 4 });
    case "list":
      return fc.array(single, { maxLength: 4 });
    default:
      return single;
  }
}

function keyOf(scalar: ScalarType): fc.Arbitrary<string> {
  // The key "__proto__" has tests of its own.
  return scalars[scalar].map(String).filter((key) => key !== "__proto__");
}

function singleOf(field: DescField, depth: number): fc.Arbitrary<unknown> | undefined {
  if (field.message !== undefined) return messageOf(field, field.message, depth);
  if (field.enum?.open === false) return fc.constantFrom(...field.enum.values.map(({ number }) => number));
  const arbitrary = scalars[field.scalar ?? ScalarType.INT32];
  return "longAsString" in field && field.longAsString ? arbitrary.map(String) : arbitrary;
}

/** Returns messages in the representation of the field, which differs for some of the well-known types. */
function messageOf(field: DescField, message: DescMessage, depth: number): fc.Arbitrary<unknown> | undefined {
  if (field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(message))
    return scalars[message.fields[0].scalar];
  if (depth >= MAX_DEPTH) return undefined;
  if (message.typeName === "google.protobuf.Struct" && field.parent.typeName !== "google.protobuf.Value") return json;
  return initOf(message, depth + 1);
}
