import { expect, it } from "@jest/globals";
import { iso31661 } from "iso-3166";
import { isCountryCode } from "./inventory.js";

it("isCountryCode knows the codes of ISO 3166-1, and no others", () => {
  const letters = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  const all = letters.flatMap((first) => letters.map((second) => first + second));
  expect(all.filter(isCountryCode)).toEqual(iso31661.map(({ alpha2 }) => alpha2).sort());
  for (const wrong of ["", "fr", "FRA", "F", " ", "AD AE", "E ", " A"]) expect(isCountryCode(wrong)).toBe(false);
});
