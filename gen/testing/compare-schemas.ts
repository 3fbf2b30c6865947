import { fromBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { expect, it } from "@jest/globals";
import { Writer } from "@kloset/wire/codec";
import fc from "fast-check";
// Makes protobuf-es keep every character of a string.
import "../text-encoding.js";
import { describeCodecs } from "./compare-codecs.js";
import { casesFrom } from "./generated-cases.js";
import type { MessageCase } from "./messages.js";
import { commonProtos, protoOf } from "./schemas.js";

const SEED = 20261128;

/** Generates codecs from random protos in one run of buf, and compares them with protobuf-es. */
export async function describeSchemas(schemas: number, runs: number): Promise<void> {
  const cases = await casesFrom(randomProtos(schemas, SEED));
  describeCodecs(runs, cases);
  describeDepth(cases);
}

/** Does the same with codecs that keep unknown fields. */
export async function describeKeptFields(schemas: number, runs: number): Promise<void> {
  describeCodecs(runs, await casesFrom(randomProtos(schemas, SEED + 1_000_000), ["unknown_fields=keep"]), true);
}

function randomProtos(count: number, seed: number): Record<string, string> {
  const protos: Record<string, string> = { ...commonProtos };
  for (let i = 0; i < count; i++) {
    const name = `random${i}`;
    protos[`${name}/things.proto`] = fc.sample(protoOf(name), { seed: seed + i, numRuns: 1 })[0] ?? "";
  }
  return protos;
}

function describeDepth(cases: readonly MessageCase[]): void {
  const tree = cases.find(({ desc }) => desc.typeName === "imported.Tree");
  if (tree === undefined) throw new Error("imported.Tree is missing");
  const { desc, codec } = tree;
  const nested = (levels: number): Uint8Array => {
    let bytes = new Uint8Array(0);
    for (let i = 1; i < levels; i++) bytes = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(bytes).finish();
    return bytes;
  };
  const decode = (bytes: Uint8Array): object => codec.decode(bytes, 0, bytes.length, false) as object;

  it("reads and writes as many levels of a recursive message as protobuf-es reads, and no more", () => {
    const message = decode(nested(100));
    expect(message).toEqual(fromBinary(desc, nested(100)));
    const writer = new Writer();
    codec.encode(message, writer);
    expect(Buffer.from(nested(100)).equals(writer.buffer.subarray(0, writer.length))).toBe(true);
    expect(() => fromBinary(desc, nested(101))).toThrow("maximum recursion depth");
    expect(() => decode(nested(101))).toThrow("maximum recursion depth");
    expect(() => codec.encode({ left: message }, writer)).toThrow("imported.Tree.left: expected at most 100 nested");
    const cyclic: Record<string, unknown> = {};
    cyclic["right"] = cyclic;
    expect(() => codec.encode(cyclic, writer)).toThrow("imported.Tree.right: expected at most 100 nested");
  });
}
