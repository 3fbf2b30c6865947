import { existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";
import { rules } from "../rules/index.js";
import { exporterRules } from "../rules/exporter/index.js";
import { importerRules } from "../rules/importer/index.js";
import { checkConformance, checkRule } from "../run.js";
import type { ConnectorKind, Subject } from "../subject.js";
import { describeConformance } from "../suite.js";
import { halvesOf, type Halves } from "./sample-rules.js";

const GENERATIONS = ["v1.0", "v1.1"] as const;
const TIMEOUT_MS = 180_000;
/** All repositories of a suite together are smaller than this. */
const MIN_MEMORY_BYTES = 512 * 1024 * 1024;

/** Contents are compared byte by byte instead of by size; and not every system lets the kit set extended attributes. */
const NOT_APPLICABLE = new Set(["importer.content.size", "importer.attributes.open", "importer.known.attribute"]);

/** Returns the file system plugin as a subject, as it is published; `npm run build` makes it. */
function subjectOf(connector: ConnectorKind): Subject {
  const executable = fileURLToPath(new URL(`../../../../plugins/fs/dist/tsfs-${connector}.cjs`, import.meta.url));
  return { connector, executable, location: "tsfs://{directory}" };
}

/**
 * Returns a folder in memory if the system has one with enough room, or one on the disk: a storage flushes every write,
 * which takes most of the time of its tests.
 */
function folderInMemory(): string {
  const memory = "/dev/shm";
  const hasRoom = existsSync(memory) && statfsSync(memory).bavail * statfsSync(memory).bsize >= MIN_MEMORY_BYTES;
  const folder = mkdtempSync(join(hasRoom ? memory : tmpdir(), "kloset-storage-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Declares the suite of the file system plugin's exporter or storage. The fast half of a storage works in memory. */
export function describeFileSystemPlugin(connector: "exporter" | "storage", half: keyof Halves<unknown>): void {
  const isInMemory = connector === "storage" && half === "fast";
  const location = isInMemory ? `tsfs://${folderInMemory()}/{unique}` : subjectOf(connector).location;
  const here = rules.filter((rule) => rule.connector === connector);
  for (const generation of GENERATIONS) {
    const subject = { ...subjectOf(connector), location, generations: [generation] };
    describeConformance(subject, { describe, it }, { rules: halvesOf(here, generation)[half], strict: true });
  }
}

/** Declares tests of the file system plugin's importer. Unlike a suite, they require that most rules are applicable. */
export function describeFileSystemImporter(half: keyof Halves<unknown>): void {
  const cases = GENERATIONS.flatMap((generation) =>
    halvesOf(importerRules, generation)[half].map((rule) => ({ id: rule.id, rule, generation })),
  );
  describe("the file system plugin's importer", () => {
    it.each(cases)(
      "keeps $id, on $generation",
      async ({ id, rule, generation }) => {
        const { verdict, message } = await checkRule(subjectOf("importer"), { rule, generation }, { strict: true });
        const allowed = NOT_APPLICABLE.has(id) ? ["passed", "not applicable"] : ["passed"];
        expect(allowed.includes(verdict) ? undefined : message).toBeUndefined();
        expect(allowed).toContain(verdict);
      },
      TIMEOUT_MS,
    );
  });
}

/**
 * Declares tests of the file system plugin as if the kit could not look into its folder: its exporter and importer check
 * each other, in real processes. In one generation, because looking into a folder does not depend on it.
 *
 * @param unseen - The rules that do not apply then, though they do with a folder.
 */
export function describeUnseenFileSystem(connector: "exporter" | "importer", unseen: readonly string[]): void {
  const rulesHere = connector === "exporter" ? exporterRules : importerRules;
  const companion = connector === "exporter" ? { readBack: subjectOf("importer") } : { seed: subjectOf("exporter") };
  describe(`the file system plugin's ${connector}, without a look into its folder`, () => {
    it(
      "keeps the rules",
      async () => {
        const generations = [connector === "exporter" ? ("v1.0" as const) : ("v1.1" as const)];
        const subject = { ...subjectOf(connector), ...companion, directory: false, generations };
        const { outcomes } = await checkConformance(subject, { rules: rulesHere, strict: true });
        const others = outcomes.filter(({ verdict }) => verdict !== "passed");
        const broken = others.filter(({ rule, verdict }) => verdict !== "not applicable" || !unseen.includes(rule));
        expect(broken.map(({ rule, message }) => `${rule}: ${message ?? ""}`)).toEqual([]);
      },
      TIMEOUT_MS,
    );
  });
}
