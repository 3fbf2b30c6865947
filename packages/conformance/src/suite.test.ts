import { describe, expect, it } from "@jest/globals";
import { casesOf } from "./cases.js";
import { rules } from "./rules/index.js";
import { describeConformance, type SuiteOptions } from "./suite.js";
import { launchStorage } from "./testing/sound-storage.js";

/** Runs the one test of a suite whose storage deletes what does not exist with a MAC of any length. */
async function runOne(id: string, options: SuiteOptions, context?: unknown): Promise<string[]> {
  const names: string[] = [];
  let test: () => Promise<void> = () => Promise.reject(new Error("no test"));
  describeConformance(
    {
      connector: "storage",
      executable: "in process",
      location: "a://{unique}",
      generations: ["v1.1"],
      launch: launchStorage({ v1_1: () => ({ delete: () => ({}) }) }),
    },
    {
      describe: (_name, body) => {
        body();
      },
      it: (name, body) => {
        names.push(name);
        test = body;
      },
    },
    { ...options, rules: rules.filter((rule) => rule.id === id) },
  );
  await test.call(context);
  return names;
}

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

  it("passes the test of a broken robustness rule with a warning, and fails it with strict", async () => {
    const warnings: string[] = [];
    const onWarning = (text: string): void => void warnings.push(text);
    const id = "storage.mac.length";
    expect(await runOne(id, { onWarning })).toEqual([expect.stringMatching(/ \(storage\.mac\.length, robustness\)$/)]);
    expect(warnings).toEqual([expect.stringMatching(/^warning: storage\.mac\.length: Delete of .*\nWhy it matters: /)]);
    await expect(runOne(id, { onWarning, strict: true })).rejects.toThrow(/^storage\.mac\.length: Delete of /);
    expect(warnings).toHaveLength(1);
  });

  it("sets the time limit of a Mocha test through its context", async () => {
    const limits: number[] = [];
    await runOne("storage.ping", { timeoutMs: 20_000 }, { timeout: (ms: number) => limits.push(ms) });
    expect(limits).toEqual([70_000]);
  });
});
