import { describe, expect, it } from "@jest/globals";
import { brokenAttributes } from "../../testing/broken-importer/attributes.js";
import {
  checkInProcess,
  failures,
  failuresOf,
  generationsOf,
  notApplicable,
  type Source,
} from "../../testing/broken-importer/checking.js";
import { brokenContents } from "../../testing/broken-importer/contents.js";
import { brokenRecords } from "../../testing/broken-importer/records.js";
import { brokenScans } from "../../testing/broken-importer/scans.js";
import { memoryImporter, memoryImporterWithHugeFile } from "../../testing/memory-importer.js";
import { importerRules } from "./index.js";

const TIMEOUT_MS = 120_000;
const memory: Source = { factory: memoryImporter, location: "memory://there" };
const huge: Source = { ...memory, factory: memoryImporterWithHugeFile };

const breakages = [...brokenRecords, ...brokenScans, ...brokenAttributes, ...brokenContents];
const cases = breakages
  .flatMap((breakage) => generationsOf(breakage).map((generation) => ({ ...breakage, generation })))
  .map((each, turn) => ({ ...each, turn }));

describe("the rules for importers", () => {
  it.each(["v1.0", "v1.1"] as const)(
    "pass a correct importer in memory, on %s",
    async (generation) => {
      const report = await checkInProcess(huge, generation);
      expect(failures(report)).toEqual([]);
      expect(notApplicable(report)).toEqual(
        importerRules
          .filter(
            ({ id, generations }) =>
              /\.(?:source|known)\./.test(id) && (generations ?? [generation]).includes(generation),
          )
          .map(({ id }) => id),
      );
    },
    TIMEOUT_MS,
  );

  it.each(cases)(
    "catch an importer that breaks only $rule ($how), on $generation",
    async (each) => {
      const failed = await failuresOf(each.huge === true ? huge : memory, each.generation, each, each.turn);
      expect(failed).toEqual([expect.stringContaining(`${each.rule}: `)]);
    },
    TIMEOUT_MS,
  );
});
