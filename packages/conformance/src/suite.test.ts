import { describe, expect, it } from "@jest/globals";
import { casesOf } from "./cases.js";
import { describeConformance } from "./suite.js";

/** Declares the suite of a plugin that fails to start. Returns the tests by name, and the number of starts. */
function suiteOfNoPlugin(): { tests: Map<string, () => Promise<void>>; starts: () => number } {
  const tests = new Map<string, () => Promise<void>>();
  let starts = 0;
  describeConformance(
    {
      connector: "storage",
      executable: "nowhere",
      location: "a://{unique}",
      generations: ["v1.1"],
      launch: async () => {
        starts++;
        throw new Error("no such plugin");
      },
    },
    {
      describe: (_name, body) => {
        body();
      },
      it: (name, body) => tests.set(name, body),
    },
  );
  return { tests, starts: () => starts };
}

describe("describeConformance", () => {
  it("starts a plugin that fails to start only once, and fails all tests", async () => {
    const { tests, starts } = suiteOfNoPlugin();
    const [first = "", ...others] = tests.keys();
    expect(first).toBe("starts, and answers Init (process.starts.init)");
    await expect(tests.get(first)?.()).rejects.toThrow(
      /^process\.starts\.init: Error: no such plugin\nWhy it matters: /,
    );
    for (const name of others) {
      await expect(tests.get(name)?.()).rejects.toThrow(
        /^[\w.-]+: the plugin does not start on v1\.1: see process\.starts\.init$/,
      );
    }
    expect(others).toHaveLength(
      casesOf({ connector: "storage", executable: "", location: "", generations: ["v1.1"] }).length - 1,
    );
    expect(starts()).toBe(1);
  });

  it("fails a test that runs alone when the plugin does not start", async () => {
    const { tests } = suiteOfNoPlugin();
    const last = [...tests.values()].at(-1);
    await expect(last?.()).rejects.toThrow("the plugin does not start on v1.1");
  });
});
