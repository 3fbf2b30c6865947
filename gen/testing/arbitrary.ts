/**
 * Arbitrary messages for property tests, derived from descriptors.
 *
 * @module
 */
import { ScalarType, type DescField, type DescMessage, type DescOneof } from "@bufbuild/protobuf";
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

const scalars: Readonly<Partial<Record<ScalarType, fc.Arbitrary<unknown>>>> = {
  [ScalarType.STRING]: text,
  [ScalarType.BYTES]: bytes,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.INT32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.UINT64]: uint64,
};

/** Returns an arbitrary for the input of `create`: fields may be absent, undefined, default or extreme. */
export function initOf(desc: DescMessage): fc.Arbitrary<Record<string, unknown>> {
  const members = desc.members.map(
    (member) => [member.localName, fc.option(memberOf(member), { nil: undefined })] as const,
  );
  return fc.record(Object.fromEntries(members), { requiredKeys: [] });
}

function memberOf(member: DescField | DescOneof): fc.Arbitrary<unknown> {
  if (member.kind === "field") return fieldOf(member);
  const cases = member.fields.map((field) => fc.record({ case: fc.constant(field.localName), value: fieldOf(field) }));
  return fc.oneof(fc.constant({ case: undefined }), ...cases);
}

function fieldOf(field: DescField): fc.Arbitrary<unknown> {
  switch (field.fieldKind) {
    // The key "__proto__" has tests of its own.
    case "map":
      return fc.dictionary(
        text.filter((key) => key !== "__proto__"),
        text,
        { maxKeys: 4 },
      );
    case "list":
      return fc.array(singleOf(field), { maxLength: 4 });
    default:
      return singleOf(field);
  }
}

function singleOf(field: DescField): fc.Arbitrary<unknown> {
  if (field.message !== undefined) return initOf(field.message);
  const arbitrary = scalars[field.scalar ?? ScalarType.INT32];
  if (arbitrary === undefined) throw new Error(`${field.toString()} has no values`);
  return arbitrary;
}
