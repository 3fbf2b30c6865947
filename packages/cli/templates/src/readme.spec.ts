import assert from "node:assert/strict";
import { test } from "node:test";
import { readmeTexts } from "./readme.js";

test("README.md lists the present options (npm run readme updates it)", async () => {
  const { current, expected } = await readmeTexts();
  assert.equal(current, expected);
});
