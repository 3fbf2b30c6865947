import { types } from "node:util";
import { expect } from "@jest/globals";

/** Jest compares arrays of bytes key by key, which would take most of the time of the property tests. */
expect.addEqualityTesters([
  (a: unknown, b: unknown) => (types.isUint8Array(a) && types.isUint8Array(b) ? Buffer.compare(a, b) === 0 : undefined),
]);
