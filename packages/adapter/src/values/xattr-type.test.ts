import { expect, it } from "@jest/globals";
import { xattrKindFromWire, xattrTypeToWire } from "./xattr-type.js";

it("numbers the kinds as hosts do, not as the wire's enumeration does", () => {
  const kinds = ["extended", "ads", "custom"] as const;
  expect(kinds.map(xattrTypeToWire)).toEqual([0, 1, 2]);
  expect([0, 1, 2].map(xattrKindFromWire)).toEqual(kinds);
});

it.each([3, 4, -1, 0.5])("has no kind for the number %p", (type) => {
  expect(xattrKindFromWire(type)).toBeUndefined();
});
