import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { inventory } from "@kloset/protocol/v1.1";
import fc from "fast-check";
import { checkEntry } from "./entry-check.js";
import { sizeOf } from "./size.js";

const text = fc.string({ unit: "grapheme", maxLength: 200 });
const entries = fc.record({
  class: fc.constant("compute"),
  urn: fc.string({ unit: "grapheme", minLength: 1 }),
  name: text,
  region: text,
  tags: fc.array(text),
  details: fc.uint8Array({ maxLength: 20_000 }),
  endpoints: fc.array(
    fc.record({
      type: fc.constantFrom("host" as const, "inet6" as const),
      endpoint: fc.string({ unit: "grapheme", minLength: 1 }),
      attributes: fc.dictionary(text, text),
    }),
  ),
});

describe("sizeOf", () => {
  it("is the length of the encoded message", () => {
    fc.assert(
      fc.property(entries, (value) => {
        const entry = checkEntry(value, 0);
        const message = create(inventory.ListResponseSchema, { entry });
        expect(sizeOf(entry)).toBe(toBinary(inventory.ListResponseSchema, message).length);
      }),
      { seed: 9, numRuns: 200 },
    );
  });
});

describe("the messages of an inventory", () => {
  it("have the field numbers of deployed hosts", () => {
    const numbers = (fields: readonly { name: string; number: number }[]): object =>
      Object.fromEntries(fields.map(({ name, number }) => [name, number]));
    expect(numbers(inventory.InventoryEntrySchema.fields)).toEqual({
      ...{ class: 1, subclass: 2, tags: 3, urn: 4, name: 5, region: 6 },
      ...{ service: 7, resource: 8, details: 9, endpoints: 10, country: 11 },
    });
    expect(numbers(inventory.HostEndpointSchema.fields)).toEqual({ type: 1, endpoint: 2, attributes: 3 });
  });
});
