import { describe, expect, it } from "@jest/globals";
import {
  checkInProcess,
  failures,
  failuresOf,
  generationsOf,
  notApplicable,
  type Source,
} from "../../testing/broken-importer/checking.js";
import { brokenFolders } from "../../testing/broken-importer/folders.js";
import { folderImporter } from "../../testing/folder-importer.js";

const TIMEOUT_MS = 120_000;
const folder: Source = { factory: folderImporter, location: "folder://{directory}" };

/** One generation each: the mistakes do not depend on it, and every check writes and reads a whole tree. */
const cases = brokenFolders.map((breakage, turn) => ({
  ...breakage,
  turn,
  generation: generationsOf(breakage).at(-1) ?? "v1.1",
}));

describe("the rules for importers that read a folder", () => {
  it.each(["v1.0", "v1.1"] as const)(
    "pass a correct importer, on %s",
    async (generation) => {
      const report = await checkInProcess(folder, generation);
      expect(failures(report)).toEqual([]);
      // Node has no API for extended attributes, and not every system lets the kit set one.
      const attributes = ["importer.attributes.open", "importer.known.attribute"];
      expect(notApplicable(report).filter((id) => !attributes.includes(id))).toEqual(["importer.content.size"]);
    },
    TIMEOUT_MS,
  );

  it.each(cases)(
    "catch an importer that breaks only $rule ($how), on $generation",
    async (each) => {
      expect(await failuresOf(folder, each.generation, each, each.turn)).toEqual([
        expect.stringContaining(`${each.rule}: `),
      ]);
    },
    TIMEOUT_MS,
  );
});
