import { posix } from "node:path";
import { expect, it } from "@jest/globals";
import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { cleanBelowRoot, RootPath } from "./root-path.js";

const SEED = 20260401;
/** Components of path-traversal attacks. */
const part = fc.constantFrom("", ".", "..", "...", "a", "o", "srv", "..a", " ", "\\", "s3:", "\0");
const path = fc.array(part, { maxLength: 7 }).map((parts) => parts.join("/"));

/** Equivalent of Go's path.Clean: Node's posix.normalize without the trailing slash. */
function cleanOf(name: string): string {
  return posix.normalize(name).replace(/(.)\/+$/, "$1");
}

it("any pathname is resolved below the root as the host intended, or rejected", () => {
  let rejected = 0;
  let accepted = 0;
  fc.assert(
    fc.property(
      fc.constantFrom("/", "/srv", "/srv/o", "/s3:/a"),
      fc.tuple(fc.constantFrom("", "/srv/", "/srv/o/", "/s3:/a/"), path).map(([start, rest]) => start + rest),
      (root, name) => {
        let below: string;
        try {
          below = new RootPath(root).strip(name);
        } catch (error) {
          expect(ConnectError.from(error).code).toBe(Code.InvalidArgument);
          rejected++;
          return;
        }
        accepted++;
        // It is clean, without any "..".
        expect(cleanBelowRoot(below)).toBe(below);
        expect(below.split("/")).not.toContain("..");
        // It resolves to the pathname sent by the host.
        expect(cleanOf(posix.join(root, below))).toBe(cleanOf(name));
      },
    ),
    { seed: SEED, numRuns: 5000 },
  );
  expect(Math.min(rejected, accepted)).toBeGreaterThan(100);
});
