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
import { REMOTE_LOCATION, remotePlugin } from "../../testing/remote-plugin.js";
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

describe("the rules for importers whose source an exporter fills", () => {
  it.each(["v1.0", "v1.1"] as const)(
    "pass a correct importer, on %s",
    async (generation) => {
      const { importerFactory, exporter } = remotePlugin(generation);
      const source: Source = { factory: importerFactory, location: REMOTE_LOCATION, seed: exporter };
      const report = await checkInProcess(source, generation);
      expect(failures(report)).toEqual([]);
      // Contents are compared instead of sizes; an exporter cannot delete a file, and sets no attributes on v1.0.
      expect(notApplicable(report)).toEqual([
        ...(generation === "v1.1" ? ["importer.attributes.open"] : []),
        "importer.content.size",
        "importer.source.vanished",
        ...(generation === "v1.0" ? ["importer.known.attribute"] : []),
      ]);
    },
    TIMEOUT_MS,
  );
});
