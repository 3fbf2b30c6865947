// The fast half: each plugin against its own rule. broken.slow.test.ts checks all rules in both generations.
import { describe, expect, it } from "@jest/globals";
import type { Generation } from "@kloset/host";
import type { Importer, ImporterFactory } from "@kloset/importer";
import { fileInfoOf } from "@kloset/model";
import { checkConformance, checkRule } from "../../run.js";
import type { Subject } from "../../subject.js";
import type { Breakage } from "../../testing/broken-exporter/breakage.js";
import { exporterBreakages } from "../../testing/broken-exporter/in-the-exporter.js";
import { wireBreakages } from "../../testing/broken-exporter/on-the-wire.js";
import { alternate } from "../../testing/sample-rules.js";
import { remoteFaults, remoteSubject, withoutLinks } from "../../testing/remote-plugin.js";
import { launchImporter } from "../../testing/sound-importer.js";
import { launchExporter } from "../../testing/sound-exporter.js";
import { exporterRules } from "./index.js";

const breakages: readonly Breakage[] = [...wireBreakages, ...exporterBreakages];

describe("the rules for exporters", () => {
  it.each(breakages.map((each, index) => ({ ...each, generation: alternate(index, each.generations) })))(
    "$rule catches a plugin that $how, on $generation",
    async ({ rule: id, generation, ...fault }) => {
      const rule = exporterRules.find((each) => each.id === id);
      if (rule === undefined) throw new Error(`there is no rule ${id}`);
      const subject = {
        connector: "exporter" as const,
        executable: "in process",
        location: "sound://{directory}",
        launch: launchExporter(fault),
      };
      expect((await checkRule(subject, { rule, generation }, { strict: true })).verdict).toBe("failed");
    },
  );

  it("each have a plugin that breaks them", () => {
    expect([...new Set(breakages.map(({ rule }) => rule))].sort()).toEqual(exporterRules.map(({ id }) => id).sort());
  });
});

/** Returns the rules that a subject does not pass, with their verdicts. */
async function notPassed(subject: Subject): Promise<Record<string, string>> {
  const { outcomes } = await checkConformance(subject, { rules: exporterRules, strict: true });
  const others = outcomes.filter(({ verdict }) => verdict !== "passed");
  return Object.fromEntries(others.map(({ rule, verdict }) => [rule, verdict]));
}

/** Checks one rule. @returns The verdict, and the message if there is one. */
async function check(subject: Subject, id: string, generation: Generation): Promise<string> {
  const rule = exporterRules.find((each) => each.id === id);
  if (rule === undefined) throw new Error(`there is no rule ${id}`);
  const { verdict, message = "" } = await checkRule(subject, { rule, generation }, { strict: true });
  return `${verdict}: ${message}`;
}

/** The rule looks for a file outside the root. */
const UNSEEN = { "exporter.paths.stay-below": "not applicable" };

/** The mistakes that one plugin has together. */
const MANY_MISTAKES: readonly string[] = [
  'cuts names at "#" and "?"',
  "drops symbolic links",
  "does not store permissions",
  "keeps partial files",
];

describe("the rules for exporters that are read back", () => {
  it.each(remoteFaults.map((each, index) => ({ ...each, generation: alternate(index, each.generations) })))(
    "catch a plugin that $how with $rule, on $generation",
    async ({ rule, generation, fault }) => {
      expect(await check(remoteSubject(generation, fault), rule, generation)).toMatch(/^failed: /);
    },
  );

  it.each(["v1.0", "v1.1"] as const)("all apply to a correct plugin but one, and pass, on %s", async (generation) => {
    expect(await notPassed(remoteSubject(generation))).toEqual(UNSEEN);
  });

  it("find every mistake of a plugin that passes all rules without its importer", async () => {
    const mistakes = remoteFaults.filter(({ how }) => MANY_MISTAKES.includes(how));
    const subject = remoteSubject("v1.1", ...new Set(mistakes.map(({ fault }) => fault)));
    const unchecked = await notPassed({ ...subject, readBack: undefined });
    expect(new Set(Object.values(unchecked))).toEqual(new Set(["not applicable"]));
    const failed = Object.fromEntries(mistakes.map(({ rule }) => [rule, "failed"]));
    expect(await notPassed(subject)).toEqual({ ...UNSEEN, ...failed });
  });

  it("judge the files of an exporter that has no links", async () => {
    expect(await notPassed(remoteSubject("v1.1", withoutLinks))).toEqual({
      ...UNSEEN,
      "exporter.tree.symbolic-links": "failed",
    });
  });

  it.each<[string, string, string, Partial<Importer> | (() => never)]>([
    [
      "does not start",
      "exporter.tree.modes",
      'failed: the importer that reads back, "importer in process": no token',
      () => {
        throw new Error("no token");
      },
    ],
    [
      "fails its scan",
      "exporter.tree.modes",
      'failed: the importer that reads back, "importer in process": lost',
      {
        scan: () => {
          throw new Error("lost");
        },
      },
    ],
    [
      "cannot read a file",
      "exporter.tree.contents",
      'failed: the importer that reads back reports an error for "/empty": locked',
      {
        open: () => {
          throw new Error("locked");
        },
      },
    ],
    [
      "cannot scan the tree",
      "exporter.tree.modes",
      'failed: the importer that reads back reports an error for "/": denied',
      { scan: () => [{ pathname: "/", error: "denied" }] },
    ],
    [
      "yields an entry twice",
      "exporter.tree.modes",
      'failed: the importer that reads back, "importer in process": it yields "/file" twice',
      // The SDK leaves other repetitions out.
      { scan: () => [TOP, FILE, FILE] },
    ],
    [
      "sends too much",
      "exporter.tree.contents",
      'failed: the importer that reads back, "importer in process": the plugin sent more than 16777216 bytes',
      { open: () => endless() },
    ],
    [
      "cannot read files, but their permissions",
      "exporter.tree.modes",
      "passed: ",
      {
        open: () => {
          throw new Error("locked");
        },
      },
    ],
  ])("blame an importer that %s", async (_how, rule, expected, fault) => {
    const subject = remoteSubject("v1.1");
    const factory: ImporterFactory = async (context) =>
      typeof fault === "function" ? fault() : { ...(await subject.importerFactory(context)), ...fault };
    const readBack = { executable: "importer in process", launch: launchImporter(factory, "v1.1") };
    expect(await check({ ...subject, readBack }, rule, "v1.1")).toBe(expected);
  });

  it("are not checked if the importer cannot be started", async () => {
    const launch = (): Promise<never> => Promise.reject(new Error("no such file"));
    const readBack = { executable: "./nowhere", launch };
    const { outcomes } = await checkConformance({ ...remoteSubject("v1.1"), readBack }, { rules: exporterRules });
    expect(outcomes[0]).toMatchObject({
      rule: "process.starts.init",
      verdict: "failed",
      message: 'the importer that reads back, "./nowhere": no such file',
    });
    expect(new Set(outcomes.slice(1).map(({ verdict }) => verdict))).toEqual(new Set(["not asked"]));
  });

  it("give the importer its own configuration, or that of the exporter", async () => {
    const seen: unknown[] = [];
    const subject = { ...remoteSubject("v1.1"), config: { mode: "write" } };
    const factory: ImporterFactory = (context) => {
      seen.push(context.config["mode"]);
      return subject.importerFactory(context);
    };
    const readBack = { executable: "importer in process", launch: launchImporter(factory, "v1.1") };
    await check({ ...subject, readBack }, "exporter.tree.modes", "v1.1");
    await check({ ...subject, readBack: { ...readBack, config: { mode: "read" } } }, "exporter.tree.modes", "v1.1");
    expect(seen).toEqual(["write", "read"]);
  });
});

const TOP = { pathname: "/", fileInfo: fileInfoOf({ type: "directory" }) };
const FILE = { pathname: "/file", fileInfo: fileInfoOf() };

function* endless(): Generator<Uint8Array> {
  const chunk = new Uint8Array(1024 * 1024);
  for (;;) yield chunk;
}
