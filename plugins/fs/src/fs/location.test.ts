import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { directoryOf } from "./location.js";
import { makeScratch } from "./testing.js";

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

  it.each([
    ["tsfs://me:pa/ss@w@host/dir", "tsfs://***@host/dir"],
    ["tsfs://token@host", "tsfs://***@host"],
    ["tsfs://host/d?key=id&secret=word", "tsfs://host/d?key=***&secret=***"],
  ])("shows no secret of %j", (location, shown) => {
    const reject = (): string => directoryOf({ location, protocol: "tsfs" });
    expect(reject).toThrow(`such as tsfs:///dir, got ${JSON.stringify(shown)}`);
  });

  it("rejects a NUL", () => {
    expect(() => directoryOf({ location: "tsfs:///a\0b", protocol: "tsfs" })).toThrow("must not contain a NUL");
  });

  it.each([
    ["tsfs://alice:pw@nas/dir", '"tsfs://***@nas/dir"'],
    ["tsfs://alice:pw@nas", '"tsfs://***@nas"'],
    ["tsfs:///home/me/alice:pass:word@nas/dir", '"tsfs://***@nas/dir"'],
  ])("rejects %s without showing the password", (location, shown) => {
    expect(() => directoryOf({ location, protocol: "tsfs" })).toThrow(
      new RegExp(`got ${shown.replaceAll("*", "\\*")}$`),
    );
  });

  it("accepts an existing directory whose name looks like a user with a password", async () => {
    const scratch = await makeScratch();
    const path = join(scratch.path, "alice:pw@nas");
    await mkdir(path);
    expect(directoryOf({ location: `tsfs://${path}`, protocol: "tsfs" })).toBe(path);
    for (const other of ["/a@b/c:d", "/alice:pw/@nas", "/a:b/c"]) {
      expect(directoryOf({ location: `tsfs://${other}`, protocol: "tsfs" })).toBe(other);
    }
    scratch.remove();
  });
});
