import { PluginError } from "@kloset/host";
import { LocationFlag } from "@kloset/model";
import type { Harness } from "../../harness.js";
import { HOSTS_V1_1 } from "../../levels.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { comparedOf, drain, endScan, isFile, scanAll } from "./collect.js";
import { startWire } from "./start.js";
import type { WireRecord } from "./wire.js";

/**
 * Returns the part of a record that must be the same in two scans: of a file, all that hosts compare with the last
 * snapshot. The folders above the source may change meanwhile.
 */
function lineOf(record: WireRecord): string {
  const { pathname, attribute, error, target, fileInfo } = record;
  const what = error === undefined ? { mode: fileInfo?.mode, target, attribute } : "error";
  return JSON.stringify([pathname, what, isFile(record) ? comparedOf(fileInfo) : {}]);
}

function requireSameLines(first: readonly string[], second: readonly string[]): void {
  const [inFirst, inSecond] = [new Set(first), new Set(second)];
  const missing = first.find((line) => !inSecond.has(line));
  const added = second.find((line) => !inFirst.has(line));
  requires(
    missing === undefined,
    () => `only the first scan has ${String(missing)}${added === undefined ? "" : `, only the second ${added}`}`,
  );
  requires(added === undefined, () => `only the second scan has ${String(added)}`);
}

async function linesOf(harness: Harness<"importer">): Promise<string[]> {
  return (await scanAll(await startWire(harness))).map(lineOf);
}

/** Rules about the scan as a whole. */
export const scanning: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.scan.counts",
    connector: "importer",
    title: "ends a scan with OK even if no file was opened",
    because:
      "v1.1 starts a second process only to count, and hosts do not open unchanged files; a failed Scan makes v1.0 loop forever",
    check: async (harness) => {
      const scan = (await startWire(harness)).scan();
      try {
        for (let record = await scan.next(); record !== undefined; record = await scan.next())
          await scan.acknowledge(record);
        await scan.finish();
      } catch (error) {
        if (error instanceof Violation) throw error;
        throw new Violation(`the scan failed: ${(error as Error).message}`);
      }
    },
  },
  {
    id: "importer.scan.repeats",
    connector: "importer",
    title: "sends the same records in every process",
    because:
      "v1.1 scans in one process to count, and in another to back up; differences are counted wrong, or backed up again each time",
    check: async (harness) => {
      const { flags } = await (await startWire(harness)).identity();
      if ((flags & LocationFlag.STREAM) !== 0)
        harness.notApplicable("the source can be read only once: the plugin sets the STREAM flag");
      requireSameLines(await linesOf(harness), await linesOf(harness));
    },
  },
  {
    id: "importer.scan.close",
    connector: "importer",
    title: "answers Close during a scan",
    because:
      "v1.1 closes the process that counts as soon as the backup is done, even in the middle of its scan, and waits for the answer",
    hosts: HOSTS_V1_1,
    check: async (harness) => {
      const importer = await startWire(harness);
      const scan = importer.scan();
      const first = await scan.next();
      const closing = importer.close();
      // Awaited at the end.
      closing.catch(() => undefined);
      // As hosts do, continue with the scan: the plugin may answer Close at its end.
      if (first !== undefined) await scan.acknowledge(first);
      await drain(scan, (record) => scan.acknowledge(record));
      await endScan(scan);
      try {
        await closing;
      } catch (error) {
        // An error is an answer, too.
        if (!(error instanceof PluginError)) throw error;
      }
    },
  },
  {
    id: "importer.scan.concurrency",
    connector: "importer",
    title: "treats a maxconcurrency of 0 or less as 1",
    because: "hosts send such values in unusual configurations: a plugin that starts that many workers hangs forever",
    check: async (harness) => {
      for (const maxConcurrency of [0, -1]) {
        const found = await scanAll(await startWire(harness, { options: { maxConcurrency } }));
        requires(found.length > 0, () => `the scan yields no records with a maxconcurrency of ${maxConcurrency}`);
      }
    },
  },
];
