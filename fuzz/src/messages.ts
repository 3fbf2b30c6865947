import { create, ScalarType, toBinary, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Random } from "./random.js";

/** Texts with a possible meaning for the SDK. */
const texts: readonly [string, ...string[]] = [
  "",
  "/",
  "/srv",
  "/srv/ds/a.txt",
  "/srv/out",
  "/srv/out/d/file",
  "/srv/ds/big.bin",
  "..",
  "/../x",
  "//",
  "a",
  ".",
  "/srv/out/../..",
  "user.color",
  "é",
  "写真📷",
  "a\0b",
  "location",
  "fuzz:///srv",
  "\u{1F4A9}".repeat(20),
  "x".repeat(300),
];
const numbers: readonly [bigint, ...bigint[]] = [
  0n,
  1n,
  2n,
  7n,
  511n,
  0x8000_01edn,
  0xffff_ffffn,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** Makes a random encoded message: valid for its type, however unusual. */
export function randomMessage(schema: DescMessage, random: Random): Uint8Array {
  const message = create(schema);
  fill(reflect(schema, message), schema, random, 0);
  return toBinary(schema, message as Message);
}

function fill(message: ReflectMessage, schema: DescMessage, random: Random, depth: number): void {
  for (const field of schema.fields) {
    if (random.chance(0.25)) continue;
    if (field.fieldKind === "list") {
      const list = message.get(field);
      for (let left = random.below(4); left > 0; left--) list.add(valueOf(field, random, depth));
    } else if (field.fieldKind === "map") {
      const map = message.get(field);
      map.set("location", "fuzz:///srv");
      if (random.chance(0.5)) map.set(random.pick(texts), random.pick(texts));
    } else {
      message.set(field, valueOf(field, random, depth));
    }
  }
}

function valueOf(field: DescField, random: Random, depth: number): never {
  // anyValue returns a value of the field's type, which TypeScript cannot infer.
  return anyValue(field, random, depth) as never;
}

function anyValue(field: DescField, random: Random, depth: number): unknown {
  const { message, scalar } = field;
  if (message !== undefined) {
    const inner = reflect(message);
    if (depth < 4) fill(inner, message, random, depth + 1);
    return inner;
  }
  if (field.enum !== undefined) return random.chance(0.9) ? random.below(7) : random.uint32() | 0;
  switch (scalar) {
    case ScalarType.STRING:
      return random.pick(texts);
    case ScalarType.BYTES:
      return field.name === "mac" || field.name === "value"
        ? Buffer.alloc(random.chance(0.9) ? 32 : random.below(70), 1)
        : random.bytes(random.size(2000) + 1);
    case ScalarType.BOOL:
      return random.chance(0.5);
    case ScalarType.INT64:
      return BigInt.asIntN(64, random.pick(numbers));
    case ScalarType.UINT64:
      return random.pick(numbers);
    case ScalarType.INT32:
      return Number(BigInt.asIntN(32, random.pick(numbers)));
    default:
      return Number(BigInt.asUintN(32, random.pick(numbers)));
  }
}
