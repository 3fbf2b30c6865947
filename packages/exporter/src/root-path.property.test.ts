import { posix } from "node:path";
import { expect, it } from "@jest/globals";
import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { cleanBelowRoot, RootPath } from "./root-path.js";

const SEED = 20260401;
/** Parts that attacks are made of. */
const part = fc.constantFrom("", ".", "..", "...", "a", "o", "srv", "..a", " ", "\\", "s3:", "\0");
const path = fc.array(part, { maxLength: 7 }).map((parts) => parts.join("/"));

/** Node's posix.normalize is Go's path.Clean but for a slash at the end. */
function cleanOf(name: string): string {
  return posix.normalize(name).replace(/(.)\/+$/, "$1");
}

it("whatever a host names is below the root, and where it says, or refused", () => {
  let refused = 0;
  let taken = 0;
  fc.assert(
    fc.property(
      path.filter((root) => root !== "" && !root.includes("\0")),
      path,
      (root, name) => {
        let below: string;
        try {
          below = new RootPath(root).strip(name);
        } catch (error) {
          expect(ConnectError.from(error).code).toBe(Code.InvalidArgument);
          refused++;
          return;
        }
        taken++;
        // Clean: no way up is left in it.
        expect(cleanBelowRoot(below)).toBe(below);
        expect(below.split("/")).not.toContain("..");
        // And it is what the host has meant.
        expect(cleanOf(posix.join(root, below))).toBe(cleanOf(name));
      },
    ),
    { seed: SEED, numRuns: 5000 },
  );
  expect(Math.min(refused, taken)).toBeGreaterThan(100);
});
