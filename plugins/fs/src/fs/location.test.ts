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

  it.each(["tsfs://relative/dir", "tsfs://", "", "fs:///srv", "tsfs://./x"])("refuses %j by name", (location) => {
    expect(() => directoryOf({ location, protocol: "tsfs" })).toThrow(
      `the location must be an absolute path, as tsfs:///dir: ${JSON.stringify(location)}`,
    );
  });

  it("refuses a NUL", () => {
    expect(() => directoryOf({ location: "tsfs:///a\0b", protocol: "tsfs" })).toThrow("holds a NUL");
  });
});
