import { PluginError } from "@kloset/host";
import { LocationFlag } from "@kloset/model";
import type { Harness } from "../../harness.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { drain, endScan, isFile, scanAll } from "./collect.js";
import { startWire } from "./start.js";
import type { WireRecord } from "./wire.js";

/** What two scans must agree in. Folders change all the time: size and time of those above the source are not its own. */
function lineOf(record: WireRecord): string {
  const { pathname, attribute, error, target, fileInfo } = record;
  const what = error === undefined ? { mode: fileInfo?.mode, target, attribute } : "error";
  const content = isFile(record)
    ? { size: String(fileInfo?.size), seconds: String(fileInfo?.modTime?.seconds), nanos: fileInfo?.modTime?.nanos }
    : {};
  return JSON.stringify([pathname, what, content]);
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

/** How a scan goes. */
export const scanning: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.scan.counts",
    connector: "importer",
    title: "ends a scan with OK when nothing of it was opened",
    because:
      "v1.1 starts a second process only to count, and unchanged files are never opened; a failed Scan makes v1.0 loop for ever",
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
    title: "scans the same in every process",
    because:
      "v1.1 scans in one process to count, and in another to back up; what differs is counted wrong, or backed up anew each time",
    check: async (harness) => {
      const { flags } = await (await startWire(harness)).identity();
      if ((flags & LocationFlag.STREAM) !== 0)
        harness.notApplicable("the source can be read only once, as the flag STREAM says");
      requireSameLines(await linesOf(harness), await linesOf(harness));
    },
  },
  {
    id: "importer.scan.close",
    connector: "importer",
    title: "answers Close while a scan runs",
    because:
      "v1.1 closes the process that counts when the backup is done, whether it has counted to the end or not, and waits for the answer",
    check: async (harness) => {
      const importer = await startWire(harness);
      const scan = importer.scan();
      const first = await scan.next();
      const closing = importer.close();
      // Awaited at the end.
      closing.catch(() => undefined);
      // Hosts go on with the scan as if nothing was: Close may wait for its end.
      if (first !== undefined) await scan.acknowledge(first);
      await drain(scan, (record) => scan.acknowledge(record));
      await endScan(scan);
      try {
        await closing;
      } catch (error) {
        // Refused is answered.
        if (!(error instanceof PluginError)) throw error;
      }
    },
  },
  {
    id: "importer.scan.concurrency",
    connector: "importer",
    title: "takes a maxconcurrency of 0 or below for 1",
    because:
      "hosts send it in odd configurations: a plugin that starts that many workers does nothing at all, for ever",
    check: async (harness) => {
      for (const maxConcurrency of [0, -1]) {
        const found = await scanAll(await startWire(harness, { options: { maxConcurrency } }));
        requires(found.length > 0, () => `with a maxconcurrency of ${maxConcurrency} the scan yields nothing`);
      }
    },
  },
];
