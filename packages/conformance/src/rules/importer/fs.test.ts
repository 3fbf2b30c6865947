import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { checkRule } from "../../run.js";
import { importerRules } from "./index.js";

const executable = fileURLToPath(new URL("../../../../../plugins/fs/dist/tsfs-importer.cjs", import.meta.url));
const location = "tsfs://{directory}";
const TIMEOUT_MS = 180_000;

/** Contents are compared byte by byte instead of by size; and not every system lets the kit set extended attributes. */
const NOT_APPLICABLE = new Set(["importer.content.size", "importer.attributes.open", "importer.known.attribute"]);

const cases = (["v1.0", "v1.1"] as const).flatMap((generation) =>
  importerRules
    .filter(({ generations }) => (generations ?? [generation]).includes(generation))
    .map((rule) => ({ id: rule.id, rule, generation })),
);

describe("the file system plugin's importer", () => {
  it.each(cases)(
    "keeps $id, on $generation",
    async ({ id, rule, generation }) => {
      const subject = { connector: "importer" as const, executable, location };
      const { verdict, message } = await checkRule(subject, { rule, generation });
      const allowed = NOT_APPLICABLE.has(id) ? ["passed", "not applicable"] : ["passed"];
      expect(allowed.includes(verdict) ? undefined : message).toBeUndefined();
      expect(allowed).toContain(verdict);
    },
    TIMEOUT_MS,
  );
});
