import type { Clients } from "./clients.js";
import type { ConnectedPlugin, Harness } from "./harness.js";
import type { Companion, ConnectorKind } from "./subject.js";
import { Violation } from "./violation.js";

type Kind = "importer" | "exporter";
type CompanionHarness = Harness<ConnectorKind>;

const TASKS: Readonly<Record<Kind, string>> = {
  importer: "the importer that reads back",
  exporter: "the exporter that fills the source",
};

/**
 * Runs some work with the plugin's other executable, then ends it.
 *
 * @throws Violation that names the executable, whatever it does wrong.
 */
export async function withCompanion<Other extends Kind, T>(
  harness: CompanionHarness,
  connector: Other,
  companion: Companion,
  work: (client: Clients[Other]) => Promise<T>,
): Promise<T> {
  return await blaming(harness, connector, companion, async () => {
    const { client, plugin } = await harness.startCompanion(connector, companion);
    const result = await work(client);
    await plugin.stop();
    return result;
  });
}

/** Starts the importer that reads back, so that one that does not start is reported once. @throws Violation */
export async function requireCompanionStarts(harness: CompanionHarness): Promise<void> {
  const { readBack } = harness.subject;
  if (readBack === undefined) return;
  // Without Init: an importer may report that nothing was restored yet.
  await blaming<ConnectedPlugin>(harness, "importer", readBack, () => harness.connectCompanion(readBack));
}

async function blaming<T>(
  harness: CompanionHarness,
  connector: Kind,
  { executable }: Companion,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    harness.signal.throwIfAborted();
    const { companionGarbage: garbage } = harness;
    const printed = garbage === undefined ? "" : `it printed to its connection, ${garbage}; `;
    const message = error instanceof Error ? error.message : String(error);
    throw new Violation(`${TASKS[connector]}, ${JSON.stringify(executable)}: ${printed}${message}`);
  }
}
