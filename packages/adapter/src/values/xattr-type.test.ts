import { expect, it } from "@jest/globals";
import { xattrKindFromWire, xattrTypeToWire } from "./xattr-type.js";

it("numbers the kinds as hosts do, not as the wire's enumeration does", () => {
  expect([xattrTypeToWire("extended"), xattrTypeToWire("ads")]).toEqual([0, 1]);
  expect([0, 1].map(xattrKindFromWire)).toEqual(["extended", "ads"]);
});

it.each([2, 3, -1, 0.5])("has no kind for the number %p", (type) => {
  expect(xattrKindFromWire(type)).toBeUndefined();
});
