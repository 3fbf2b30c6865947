import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PluginError, type RestoreEntry } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { requireSameBytes } from "../../bytes.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { knownContent } from "../../tree/known-tree.js";
import { fileEntry, parentEntries } from "../../tree/restore-entries.js";
import { seedEntries } from "../../tree/seed.js";
import { comparedOf, quote, requireKnownSource, requireSource, scanAll } from "./collect.js";
import { scanKnown } from "./scan-known.js";
import { tryRead } from "./reading.js";
import { startWire } from "./start.js";
import type { WireImporter, WireRecord } from "./wire.js";

const VANISHING = "/small.txt";
const VANISHING_BYTES = 1234;
const CHANGING = "/folder/same-name";

/** Starts the plugin on a source that does not exist. @returns The error of Init if it fails. */
async function startWithoutSource(harness: Harness<"importer">): Promise<WireImporter | PluginError> {
  requireKnownSource(harness);
  const { directory, unique } = harness.workspace;
  const isFolder = harness.subject.location.includes("{directory}");
  const location = harness.subject.location
    .replaceAll("{directory}", join(directory, "not-there"))
    .replaceAll("{unique}", isFolder ? unique : `${unique}-not-there`);
  try {
    return await startWire(harness, { location });
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
}

/** Reads a scan to its end. @returns The error that the plugin ends it with, if any. */
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

/** Rules about a source that is missing, or changes during the backup. */
export const source: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.source.missing",
    connector: "importer",
    title: "reports an error when its source does not exist",
    because: "an empty backup that looks successful is noticed only when it is needed",
    check: async (harness) => {
      const started = await startWithoutSource(harness);
      if (started instanceof PluginError) {
        requires(started.message !== "", "the error of Init has no message");
        return;
      }
      const errors: string[] = [];
      const failure = await scanEnd(started, ({ error }) => {
        if (error !== undefined) errors.push(error);
      });
      if (failure !== undefined) errors.push(failure.message);
      requires(errors.length > 0, "the scan of a missing source succeeded without any error");
      requires(!errors.includes(""), "the error of the scan has no message");
    },
  },
  {
    id: "importer.source.scan-ends-well",
    connector: "importer",
    title: "ends Scan with OK even if nothing can be scanned",
    because: "a v1.0 host prints an error of Scan forever, 100,000 lines per second",
    generations: ["v1.0"],
    check: async (harness) => {
      const started = await startWithoutSource(harness);
      if (started instanceof PluginError) return;
      const failure = await scanEnd(started, () => undefined);
      if (failure !== undefined) throw new Violation(`Scan ended with an error: ${failure.message}`);
    },
  },
  {
    id: "importer.source.changed",
    connector: "importer",
    title: "sends a different fileInfo after the content of a file has changed",
    because: "hosts read a file again only if its fileInfo differs; otherwise every later backup keeps the old content",
    check: async (harness) => {
      const seen = async (): Promise<string> =>
        JSON.stringify(comparedOf((await scanKnown(harness)).get(CHANGING)?.fileInfo));
      const before = await seen();
      if (before === "{}") harness.notApplicable(`the scan did not find ${CHANGING}`);
      // Another size and another time.
      const content = Buffer.from("new content, and more of it");
      const { seed } = harness.subject;
      if (seed === undefined) await writeFile(join(harness.workspace.directory, CHANGING), content);
      else {
        const entry: RestoreEntry = { ...fileEntry(CHANGING, content.length), read: () => content };
        await seedEntries(harness, seed, [...parentEntries(CHANGING), entry]);
      }
      requires((await seen()) !== before, () => `${quote(CHANGING)} was changed, but its fileInfo is still ${before}`);
    },
  },
  {
    id: "importer.source.vanished",
    connector: "importer",
    title: "answers Open with an error when the file was deleted after the scan",
    because: "without the error, the backup has an empty file in place of the deleted one",
    check: async (harness) => {
      requireSource(harness);
      const importer = await startWire(harness);
      let opened = 0;
      await scanAll(importer, async (record) => {
        if (opened > 0 || !record.pathname.endsWith(VANISHING) || record.error !== undefined) return;
        opened++;
        await rm(join(harness.workspace.directory, VANISHING));
        const bytes = await tryRead(importer, record);
        const what = `${quote(record.pathname)}, which was deleted after the scan`;
        // A plugin that has the file open can still read it.
        if (!(bytes instanceof PluginError)) requireSameBytes(bytes, knownContent(VANISHING, VANISHING_BYTES), what);
        else requires(bytes.message !== "", () => `${what}: the error has no message`);
      });
      if (opened === 0) harness.notApplicable(`the scan did not find ${VANISHING}`);
    },
  },
];
