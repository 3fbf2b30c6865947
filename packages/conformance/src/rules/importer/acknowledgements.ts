import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { drain, endScan, isFile } from "./collect.js";
import { tryRead } from "./reading.js";
import { startWire } from "./start.js";
import type { WireRecord } from "./wire.js";

/** Acknowledgements that a host may owe: it has read so many records ahead of its work. */
const OWED = 20;
/** How many are acknowledged together, the last one first. */
const BATCH = 5;
/** What an Import that ends too early is given for it. */
const TOO_EARLY_MS = 100;

async function finishes(finish: Promise<void>, what: string): Promise<void> {
  try {
    await finish;
  } catch (error) {
    if (error instanceof Violation) throw error;
    throw new Violation(`${what}: ${(error as Error).message}`);
  }
}

/** What is said in Import besides records. */
const rules: readonly Omit<ConnectorRule<"importer">, "connector">[] = [
  {
    id: "importer.import.finished",
    title: "says finished once, as its last message",
    because: "hosts read nothing after it, and take a stream that ends without it for the whole source",
    check: async (harness) => {
      const scan = (await startWire(harness)).scan();
      await drain(scan, (record) => scan.acknowledge(record));
      requires(scan.finished, "Import ended without a message that says finished");
      await endScan(scan);
      requires(scan.surplus === 0, () => `${scan.surplus} messages came after the one that says finished`);
    },
  },
  {
    id: "importer.import.stays-open",
    title: "does not end Import before the host has half-closed it",
    because: "hosts still send acknowledgements then, and fail with EOF when they can not",
    check: async (harness) => {
      const scan = (await startWire(harness)).scan();
      await drain(scan, (record) => scan.acknowledge(record));
      if (!scan.finished) harness.notApplicable("no message said finished");
      requires(!(await scan.endsWithin(TOO_EARLY_MS)), "Import ended though the host had not half-closed it");
      await endScan(scan);
    },
  },
  {
    id: "importer.import.goes-on",
    title: `goes on while ${OWED} records are not acknowledged`,
    because: "hosts acknowledge a record when they are done with it, many at once and long after it came",
    check: async (harness) => {
      const scan = (await startWire(harness)).scan();
      const owed: WireRecord[] = [];
      await drain(scan, async (record) => {
        const oldest = owed.push(record) > OWED ? owed.shift() : undefined;
        if (oldest !== undefined) await scan.acknowledge(oldest);
      });
      for (const record of owed) await scan.acknowledge(record);
      await endScan(scan);
    },
  },
  {
    id: "importer.import.any-order",
    title: "takes acknowledgements in any order",
    because: "hosts work on several records at once, and are done with small ones first",
    check: async (harness) => {
      const importer = await startWire(harness);
      const scan = importer.scan();
      const owed: WireRecord[] = [];
      const acknowledgeBackwards = async (): Promise<void> => {
        for (let record = owed.pop(); record !== undefined; record = owed.pop()) await scan.acknowledge(record);
      };
      await drain(scan, async (record) => {
        if (isFile(record)) await tryRead(importer, record);
        if (owed.push(record) >= BATCH) await acknowledgeBackwards();
      });
      await acknowledgeBackwards();
      await finishes(scan.finish(), "Import failed after acknowledgements in reverse order");
    },
  },
  {
    id: "importer.import.failed-records",
    title: "ends Import with OK when the host could not keep a record",
    because: "one file that can not be kept must not fail the backup of all the others",
    check: async (harness) => {
      const importer = await startWire(harness);
      const scan = importer.scan();
      let records = 0;
      await drain(scan, async (record) => {
        if (isFile(record)) await tryRead(importer, record);
        await scan.acknowledge(record, records++ % 2 === 0 ? "conformance: not kept" : undefined);
      });
      await finishes(scan.finish(), "Import failed after an acknowledgement with an error");
    },
  },
];

/** {@link rules}, for the generation that has them. */
export const acknowledgements: readonly ConnectorRule<"importer">[] = rules.map((rule) => ({
  ...rule,
  connector: "importer",
  generations: ["v1.1"],
}));
