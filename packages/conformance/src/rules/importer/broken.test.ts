// The fast half: each importer against its own rule. The slow tests also check other rules, in both generations.
import { describe, expect, it } from "@jest/globals";
import { brokenAttributes } from "../../testing/broken-importer/attributes.js";
import {
  checkInProcess,
  failures,
  generationsOf,
  notApplicable,
  ownFailureOf,
  type Source,
} from "../../testing/broken-importer/checking.js";
import { brokenContents } from "../../testing/broken-importer/contents.js";
import { brokenFolders } from "../../testing/broken-importer/folders.js";
import { brokenRecords } from "../../testing/broken-importer/records.js";
import { brokenScans } from "../../testing/broken-importer/scans.js";
import { folderImporter } from "../../testing/folder-importer.js";
import { memoryImporter, memoryImporterWithHugeFile } from "../../testing/memory-importer.js";
import { REMOTE_LOCATION, remotePlugin, type RemoteFault, withoutLinks } from "../../testing/remote-plugin.js";
import { alternate } from "../../testing/sample-rules.js";
import { importerRules } from "./index.js";

const plugin = remotePlugin("v1.1");
const memory: Source = { factory: memoryImporter, location: "memory://there" };
const huge: Source = { ...memory, factory: memoryImporterWithHugeFile };
const folder: Source = { factory: folderImporter, location: "folder://{directory}" };

/** A source that the kit cannot look into, filled by the plugin's exporter. */
const remote: Source = {
  factory: plugin.importerFactory,
  location: REMOTE_LOCATION,
  seed: plugin.exporter,
};

const inMemory = [...brokenRecords, ...brokenScans, ...brokenAttributes, ...brokenContents];
const cases = [
  ...inMemory.map((breakage) => ({ ...breakage, source: breakage.huge === true ? huge : memory })),
  ...brokenFolders.map((breakage) => ({ ...breakage, source: folder })),
].map((each, index) => ({ ...each, generation: alternate(index, generationsOf(each)) }));

/** The rules that need the folder itself. */
const UNSEEDED = ["importer.source.vanished"];
const seeded = brokenFolders
  .filter(({ rule }) => !UNSEEDED.includes(rule))
  .map((each, index) => ({ ...each, generation: alternate(index, generationsOf(each)) }));

describe("the rules for importers", () => {
  it.each(cases)(
    "catch an importer that breaks $rule ($how), on $generation",
    async ({ source, generation, ...each }) => {
      expect(await ownFailureOf(source, generation, each)).toMatch(/^failed: /);
    },
  );

  it("each have an importer that breaks them", () => {
    const broken = new Set(cases.map(({ rule }) => rule));
    expect(importerRules.map(({ id }) => id).filter((id) => !broken.has(id))).toEqual([]);
  });
});

describe("the rules for importers whose source an exporter fills", () => {
  it.each(seeded)("catch an importer that breaks $rule ($how), on $generation", async ({ generation, ...each }) => {
    expect(await ownFailureOf(remote, generation, each)).toMatch(/^failed: /);
    // Without the exporter, the mistake goes unnoticed.
    expect(await ownFailureOf({ ...remote, seed: undefined }, generation, each)).toMatch(/^not applicable: /);
  });

  it("pass a correct importer", async () => {
    const rules = importerRules.filter(({ id }) => seeded.some(({ rule }) => rule === id));
    const report = await checkInProcess(remote, "v1.1", { rules });
    expect(failures(report)).toEqual([]);
    expect(notApplicable(report)).toEqual([]);
  });

  const lost = (fault: RemoteFault): Source => {
    const { exporter, importerFactory } = remotePlugin("v1.1", fault);
    return { ...remote, factory: importerFactory, seed: exporter };
  };
  const noLinks = lost(withoutLinks);

  it("name the entries that the exporter could not restore", async () => {
    const rules = importerRules.filter(({ id }) => id.startsWith("importer.known."));
    const report = await checkInProcess(noLinks, "v1.1", { rules });
    expect(failures(report)).toEqual([
      expect.stringMatching(
        /^importer\.known\.complete: not found: "\/link" \(the exporter failed: .*\), "\/broken-link" \(/,
      ),
    ]);
  });

  it("are not checked if the exporter fails as a whole", async () => {
    const source = lost(() => {
      throw new Error("no token");
    });
    const { outcomes } = await checkInProcess(source, "v1.1");
    expect(outcomes[0]).toMatchObject({
      rule: "process.starts.init",
      verdict: "failed",
      message: 'the exporter that fills the source, "exporter in process": no token',
    });
    expect(new Set(outcomes.slice(1).map(({ verdict }) => verdict))).toEqual(new Set(["not asked"]));
  });
});
