import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { drain, endScan, isFile } from "./collect.js";
import { tryRead } from "./reading.js";
import { startWire } from "./start.js";
import type { WireRecord } from "./wire.js";

/** The number of records that a host may read before it acknowledges the first. */
const OWED = 20;
/** The number of records acknowledged together, the last one first. */
const BATCH = 5;
/** How long to watch for an Import that ends too early. */
const TOO_EARLY_MS = 100;

async function finishes(finish: Promise<void>, what: string): Promise<void> {
  try {
    await finish;
  } catch (error) {
    if (error instanceof Violation) throw error;
    throw new Violation(`${what}: ${(error as Error).message}`);
  }
}

/** The messages of Import besides records. */
const rules: readonly Omit<ConnectorRule<"importer">, "connector">[] = [
  {
    id: "importer.import.finished",
    title: "sends finished once, as its last message",
    because: "hosts stop reading at finished; if the stream ends without it, they assume that the source is complete",
    check: async (harness) => {
      const scan = (await startWire(harness)).scan();
      await drain(scan, (record) => scan.acknowledge(record));
      requires(scan.finished, "Import ended without a finished message");
      await endScan(scan);
      requires(scan.surplus === 0, () => `${scan.surplus} messages followed the finished message`);
    },
  },
  {
    id: "importer.import.stays-open",
    title: "does not end Import before the host half-closes it",
    because: "hosts may still be sending acknowledgements, and fail with EOF when the call is gone",
    check: async (harness) => {
      const scan = (await startWire(harness)).scan();
      await drain(scan, (record) => scan.acknowledge(record));
      if (!scan.finished) harness.notApplicable("the plugin sent no finished message");
      requires(!(await scan.endsWithin(TOO_EARLY_MS)), "Import ended before the host half-closed it");
      await endScan(scan);
    },
  },
  {
    id: "importer.import.goes-on",
    title: `keeps sending while ${OWED} records are unacknowledged`,
    because: "hosts acknowledge a record when they have finished with it: in batches, and long after it arrived",
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
    title: "accepts acknowledgements in any order",
    because: "hosts process several records at once, and finish small ones first",
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
    title: "ends Import with OK when the host could not store a record",
    because: "one file that cannot be stored must not fail the backup of all others",
    check: async (harness) => {
      const importer = await startWire(harness);
      const scan = importer.scan();
      let records = 0;
      await drain(scan, async (record) => {
        if (isFile(record)) await tryRead(importer, record);
        await scan.acknowledge(record, records++ % 2 === 0 ? "conformance: not stored" : undefined);
      });
      await finishes(scan.finish(), "Import failed after an acknowledgement with an error");
    },
  },
];

/** The rules about acknowledgements, which only v1.1 has. */
export const acknowledgements: readonly ConnectorRule<"importer">[] = rules.map((rule) => ({
  ...rule,
  connector: "importer",
  generations: ["v1.1"],
}));
