import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkConformance, rules } from "@kloset/conformance";
import { readProject } from "../project.js";
import { ownTarget, TARGETS, type TargetName } from "./node-binary.js";
import { packageProject } from "./package.js";

const target = ownTarget();
const folder = mkdtempSync(join(tmpdir(), "kloset-standalone-test-"));

/** Rules that a standalone executable could break: the kit takes minutes for all of them. */
const RULES = ["process.starts.init", "process.output", "importer.known.content", "importer.known.attribute"];

afterAll(() => {
  rmSync(folder, { recursive: true });
});

(target in TARGETS ? describe : describe.skip)("a standalone executable", () => {
  beforeAll(async () => {
    const project = await readProject(fileURLToPath(new URL("../../../../plugins/fs", import.meta.url)));
    const { warnings } = await packageProject(
      { ...project, connectors: project.connectors.slice(0, 1) },
      {
        out: join(folder, "package"),
        // The running Node in place of one from the registry: a test downloads nothing.
        standalone: { target: target as TargetName, binaries: () => Promise.resolve(process.execPath) },
      },
    );
    expect(warnings).toEqual([]);
  });

  it("lies beside its own libraries, without a script", () => {
    expect(readdirSync(join(folder, "package"))).toEqual([
      "manifest.yaml",
      "tsfs-importer",
      "tsfs-importer-koffi.node",
      "tsfs-importer-validator.json",
      "tsfs-importer-xattr.node",
    ]);
  });

  it("contains no path of the machine that packaged it", () => {
    expect(readFileSync(join(folder, "package/tsfs-importer")).includes(folder)).toBe(false);
  });

  it.each([
    ["its own server", {}, RULES],
    ["the reference server", { KLOSET_SERVER: "connect" }, ["process.starts.init"]],
  ])("passes the kit without Node on the PATH, with %s", async (_, env, ids) => {
    const chosen = rules.filter(({ id }) => ids.some((start) => id.startsWith(start)));
    const report = await checkConformance(
      {
        connector: "importer",
        executable: join(folder, "package/tsfs-importer"),
        location: "tsfs://{directory}",
        env: { PATH: folder, ...env },
      },
      { rules: chosen, strict: true },
    );
    expect(report.outcomes.filter(({ verdict }) => verdict !== "passed" && verdict !== "not applicable")).toEqual([]);
    expect(report.counts.passed).toBeGreaterThan(ids.length);
  });
});
