import fc from "fast-check";
// Makes protobuf-es keep every character of a string.
import "../text-encoding.js";
import { describeCodecs } from "./compare-codecs.js";
import { casesFrom } from "./generated-cases.js";
import { commonProtos, protoOf } from "./schemas.js";

const SEED = 20261128;

/** Generates codecs from random protos in one run of buf, and compares them with protobuf-es. */
export async function describeSchemas(schemas: number, runs: number): Promise<void> {
  const protos: Record<string, string> = { ...commonProtos };
  for (let i = 0; i < schemas; i++) {
    const name = `random${i}`;
    protos[`${name}/things.proto`] = fc.sample(protoOf(name), { seed: SEED + i, numRuns: 1 })[0] ?? "";
  }
  describeCodecs(runs, await casesFrom(protos));
}
