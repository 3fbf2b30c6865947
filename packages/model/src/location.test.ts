import { describe, expect, it } from "@jest/globals";
import { LocationFlag, pathOfLocation } from "./location.js";
import { StoreMode } from "./resource.js";

describe("pathOfLocation", () => {
  it.each([
    ["tsfs:///srv/data", "tsfs", "/srv/data"],
    ["s3://bucket/key", "s3", "bucket/key"],
    ["fs://", "fs", ""],
    ["fs://fs://a", "fs", "fs://a"],
    ["/srv/data", "fs", "/srv/data"],
    ["xfs:///srv", "fs", "xfs:///srv"],
    ["fs:/srv", "fs", "fs:/srv"],
  ])("of %j by %j is %j", (location, protocol, path) => {
    expect(pathOfLocation(location, protocol)).toBe(path);
  });
});

it("defines the flag bits used by hosts", () => {
  expect(LocationFlag).toEqual({ LOCALFS: 1, FILE: 2, STREAM: 4, NEEDACK: 8, NOMERGE: 16, EXPORTXATTR: 32 });
  expect(StoreMode).toEqual({ WRITE: 2, READ: 4 });
});
