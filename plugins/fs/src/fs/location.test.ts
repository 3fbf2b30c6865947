import { describe, expect, it } from "@jest/globals";
import { directoryOf } from "./location.js";

describe("directoryOf", () => {
  it.each([
    ["tsfs:///srv/backup", "/srv/backup"],
    ["tsfs:///srv//./backup/", "/srv/backup"],
    ["tsfs:///srv/x/../backup", "/srv/backup"],
    ["tsfs:///", "/"],
    ["/srv/backup", "/srv/backup"],
    ["tsfs:///a b/c://d", "/a b/c:/d"],
  ])("%s is %s", (location, path) => {
    expect(directoryOf({ location, protocol: "tsfs" })).toBe(path);
  });

  it.each(["tsfs://relative/dir", "tsfs://", "", "fs:///srv", "tsfs://./x"])("rejects %j", (location) => {
    expect(() => directoryOf({ location, protocol: "tsfs" })).toThrow(
      `the location must be an absolute path such as tsfs:///dir, got ${JSON.stringify(location)}`,
    );
  });

  it("rejects a NUL", () => {
    expect(() => directoryOf({ location: "tsfs:///a\0b", protocol: "tsfs" })).toThrow("must not contain a NUL");
  });
});
