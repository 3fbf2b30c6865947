import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { rules, type Rule } from "@kloset/conformance";
import { defineImporter, directory, file, type Importer } from "@kloset/sdk";
import { ConformanceError, testConformance } from "./index.js";

const sound: Importer = {
  origin: () => "desk",
  type: () => "notes",
  root: () => "/",
  *scan() {
    yield directory("/");
    yield file("/a.txt", { size: 3, read: () => Buffer.from("abc") });
  },
  close: () => undefined,
};

const notes = defineImporter({ connect: () => sound });
const location = "notes:///";

function some(...ids: string[]): Rule[] {
  return rules.filter(({ id }) => ids.some((each) => id.startsWith(each)));
}

describe("testConformance", () => {
  it("checks every rule on a connector in memory, in both generations", async () => {
    const { counts, outcomes } = await testConformance(notes, { location, strict: true });
    expect(counts).toMatchObject({ failed: 0, warning: 0, "not asked": 0 });
    expect(counts.passed).toBeGreaterThan(60);
    expect(new Set(outcomes.map(({ generation }) => generation))).toEqual(new Set(["v1.0", "v1.1"]));
  });

  it("takes a factory of a stated kind", async () => {
    const options = { location, connector: "importer", rules: some("importer.tree"), generations: ["v1.1"] } as const;
    const { counts } = await testConformance(() => sound, options);
    expect(counts.passed).toBe(5);
  });

  it("names every broken rule", async () => {
    const twice: Importer["scan"] = function* () {
      yield directory("/");
      yield file("/a.txt", { size: 3, read: () => Buffer.from("ab") });
    };
    const checking = testConformance(() => ({ ...sound, scan: twice, origin: () => "" }), {
      location,
      connector: "importer",
      rules: some("importer.content", "importer.tree", "importer.start"),
      strict: true,
    });
    const error = await checking.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ConformanceError);
    const { message, report } = error as ConformanceError;
    expect(report.ok).toBe(false);
    expect(message).toMatch(/^the importer breaks \d+ rules? and keeps \d+:\n- importer\.[^\n]+why it matters/);
  });

  it("fails if the connector does not start", async () => {
    const broken = (): never => {
      throw new Error("no licence");
    };
    const checking = testConformance(broken, { location, connector: "importer", rules: some("importer.tree") });
    await expect(checking).rejects.toThrow("no licence");
  });

  it("fails if no rule could be checked", async () => {
    await expect(testConformance(notes, { location, rules: [] })).rejects.toThrow(
      "no rule could be checked on the importer",
    );
  });

  it("takes the path of an executable", async () => {
    const plugin = fileURLToPath(new URL("../../sdk/fixtures/plugin.js", import.meta.url));
    const options = { location, connector: "importer", args: [plugin], rules: some("process.exits.unused") } as const;
    const { counts } = await testConformance(process.execPath, options);
    expect(counts).toMatchObject({ passed: 2, failed: 0 });
  });

  it.each<[unknown, object, string]>([
    ["./notes.js", {}, 'testConformance(): an executable does not tell its kind: state "connector"'],
    [() => sound, {}, 'testConformance(): a factory does not tell its kind: state "connector"'],
    [
      { default: notes },
      {},
      "testConformance(): expected what a define… function returns, or a factory; got an object",
    ],
    [notes, { connector: "storage" }, "testConformance(): expected a storage, got an importer"],
    [notes, { location: "nowhere" }, '"nowhere"'],
  ])("rejects %p with %j", async (plugin, options, text) => {
    const given = { location: "notes://{unique}", ...options } as never;
    await expect(testConformance(plugin as never, given)).rejects.toThrow(text);
  });
});
