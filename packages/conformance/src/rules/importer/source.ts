import { rm } from "node:fs/promises";
import { join } from "node:path";
import { PluginError } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { requireSameBytes } from "../../bytes.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { knownContent } from "../../tree/known-tree.js";
import { quote, scanAll } from "./collect.js";
import { tryRead } from "./reading.js";
import { startWire } from "./start.js";
import type { WireImporter, WireRecord } from "./wire.js";

const VANISHING = "/small.txt";
const VANISHING_BYTES = 1234;

/** Starts the plugin on a folder that is not there. @returns What Init says when it refuses. */
async function startWithoutSource(harness: Harness<"importer">): Promise<WireImporter | PluginError> {
  if (!harness.seesDirectory) harness.notApplicable("the kit does not see what the plugin reads");
  const location = harness.subject.location
    .replaceAll("{directory}", join(harness.workspace.directory, "not-there"))
    .replaceAll("{unique}", harness.workspace.unique);
  try {
    return await startWire(harness, { location });
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
}

/** Reads a scan. @returns How it ends when it fails. */
async function scanEnd(
  importer: WireImporter,
  onRecord: (record: WireRecord) => void,
): Promise<PluginError | undefined> {
  const scan = importer.scan();
  try {
    for (let record = await scan.next(); record !== undefined; record = await scan.next()) {
      onRecord(record);
      await scan.acknowledge(record);
    }
    await scan.finish();
    return undefined;
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
}

/** Sources that are not as they should be. */
export const source: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.source.missing",
    connector: "importer",
    title: "says so when its source is not there",
    because: "a backup of nothing that succeeds is found out when it is needed",
    check: async (harness) => {
      const started = await startWithoutSource(harness);
      if (started instanceof PluginError) {
        requires(started.message !== "", "Init failed without a text");
        return;
      }
      const errors: string[] = [];
      const failure = await scanEnd(started, ({ error }) => {
        if (error !== undefined) errors.push(error);
      });
      if (failure !== undefined) errors.push(failure.message);
      requires(errors.length > 0, "the scan of a source that is not there came to a good end, without an error");
      requires(!errors.includes(""), "the error has no text");
    },
  },
  {
    id: "importer.source.scan-ends-well",
    connector: "importer",
    title: "ends Scan with OK even when nothing can be scanned",
    because: "a v1.0 host that gets an error there prints it for ever, 100,000 lines a second",
    generations: ["v1.0"],
    check: async (harness) => {
      const started = await startWithoutSource(harness);
      if (started instanceof PluginError) return;
      const failure = await scanEnd(started, () => undefined);
      if (failure !== undefined) throw new Violation(`Scan ended with an error: ${failure.message}`);
    },
  },
  {
    id: "importer.source.vanished",
    connector: "importer",
    title: "answers the opening of a file that has vanished since the scan with an error",
    because: "without it there is an empty file in the backup, in place of one that was there",
    check: async (harness) => {
      if (!harness.seesDirectory) harness.notApplicable("the kit does not see what the plugin reads");
      const importer = await startWire(harness);
      let asked = 0;
      await scanAll(importer, async (record) => {
        if (asked > 0 || !record.pathname.endsWith(VANISHING) || record.error !== undefined) return;
        asked++;
        await rm(join(harness.workspace.directory, VANISHING));
        const bytes = await tryRead(importer, record);
        const what = `${quote(record.pathname)}, which has vanished`;
        // Who holds it open still has it.
        if (!(bytes instanceof PluginError)) requireSameBytes(bytes, knownContent(VANISHING, VANISHING_BYTES), what);
        else requires(bytes.message !== "", () => `${what}: the error has no text`);
      });
      if (asked === 0) harness.notApplicable(`the scan did not find ${VANISHING}`);
    },
  },
];
