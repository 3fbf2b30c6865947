import { describe, expect, it } from "@jest/globals";
import { contextOf } from "./context.js";

const { signal } = new AbortController();

describe("contextOf", () => {
  it("keeps the host's values", () => {
    const config = { location: "tsfs:///srv", passphrase: "" };
    const options = {
      hostname: "vm",
      os: "linux",
      arch: "amd64",
      cwd: "/srv",
      maxconcurrency: 4n,
      excludes: ["*.o"],
      noxattr: true,
    };
    const context = contextOf({ proto: "tsfs", config, options }, signal);
    expect(context).toEqual({
      location: "tsfs:///srv",
      config,
      options: {
        hostname: "vm",
        os: "linux",
        arch: "amd64",
        cwd: "/srv",
        maxConcurrency: 4,
        excludes: ["*.o"],
        noXattr: true,
      },
      protocol: "tsfs",
      signal,
    });
    expect(context.signal).toBe(signal);
    expect(context.config).not.toBe(config);
  });

  it("has defaults for missing values", () => {
    expect(contextOf({ proto: "tsfs", config: {} }, signal)).toEqual({
      location: "",
      config: {},
      options: { hostname: "", os: "", arch: "", cwd: "", maxConcurrency: 1, excludes: [], noXattr: false },
      protocol: "tsfs",
      signal,
    });
  });

  it.each([
    [0n, 1],
    [-1n, 1],
    [-(2n ** 63n), 1],
    [1n, 1],
    [9n, 9],
    [65_535n, 65_535],
    [2n ** 62n, 65_535],
  ])("converts a maxconcurrency of %d as %d", (maxconcurrency, expected) => {
    const { options } = contextOf({ proto: "", config: {}, options: { maxconcurrency } }, signal);
    expect(options.maxConcurrency).toBe(expected);
  });
});
