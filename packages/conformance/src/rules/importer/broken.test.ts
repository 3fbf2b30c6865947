// The fast half: each importer against its own rule. The slow tests also check other rules, in both generations.
import { describe, expect, it } from "@jest/globals";
import { brokenAttributes } from "../../testing/broken-importer/attributes.js";
import { generationsOf, ownFailureOf, type Source } from "../../testing/broken-importer/checking.js";
import { brokenContents } from "../../testing/broken-importer/contents.js";
import { brokenFolders } from "../../testing/broken-importer/folders.js";
import { brokenRecords } from "../../testing/broken-importer/records.js";
import { brokenScans } from "../../testing/broken-importer/scans.js";
import { folderImporter } from "../../testing/folder-importer.js";
import { memoryImporter, memoryImporterWithHugeFile } from "../../testing/memory-importer.js";
import { alternate } from "../../testing/sample-rules.js";
import { importerRules } from "./index.js";

const memory: Source = { factory: memoryImporter, location: "memory://there" };
const huge: Source = { ...memory, factory: memoryImporterWithHugeFile };
const folder: Source = { factory: folderImporter, location: "folder://{directory}" };

const inMemory = [...brokenRecords, ...brokenScans, ...brokenAttributes, ...brokenContents];
const cases = [
  ...inMemory.map((breakage) => ({ ...breakage, source: breakage.huge === true ? huge : memory })),
  ...brokenFolders.map((breakage) => ({ ...breakage, source: folder })),
].map((each, index) => ({ ...each, generation: alternate(index, generationsOf(each)) }));

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
