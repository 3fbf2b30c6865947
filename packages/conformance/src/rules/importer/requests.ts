import { PluginError } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { quote, scanAll } from "./collect.js";
import { readRest } from "./reading.js";
import { startWire } from "./start.js";
import { WireImporterV1_1 } from "./wire-v1_1.js";
import type { WireImporter, WireReader } from "./wire.js";

/** Asks in the middle of a scan. @throws Violation unless the answer is an error with a text. */
async function requireRefused(
  harness: Harness<"importer">,
  open: (importer: WireImporter, root: string) => Promise<WireReader>,
  what: string,
): Promise<void> {
  const importer = await startWire(harness);
  const { root } = await importer.identity();
  let asked = false;
  await scanAll(importer, async () => {
    if (asked) return;
    asked = true;
    const reader = await open(importer, root);
    const bytes = await failureOr(readRest(reader));
    if (!(bytes instanceof PluginError)) throw new Violation(`${what} was opened: ${bytes.length} bytes, and no error`);
    requires(bytes.message !== "", () => `${what} was answered with an error without a text`);
    await reader.close();
  });
}

async function failureOr<T>(work: Promise<T>): Promise<T | PluginError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
}

/** What can not be opened. */
export const requests: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.open.unknown",
    connector: "importer",
    title: "answers an unknown pathname with an error",
    because: "what is answered without content and without an error is an empty file in the backup",
    check: async (harness) => {
      const name = `not-there-${harness.workspace.unique}`;
      await requireRefused(
        harness,
        (importer, root) =>
          importer.open({ pathname: `${root === "/" ? "" : root}/${name}`, target: "", attribute: undefined }),
        `the unknown ${quote(name)}`,
      );
    },
  },
  {
    id: "importer.open.no-record",
    connector: "importer",
    title: "answers a request that names no record with an error",
    because: "a plugin that crashes on it takes the whole backup with it",
    generations: ["v1.1"],
    check: async (harness) => {
      await requireRefused(
        harness,
        (importer) => {
          if (!(importer instanceof WireImporterV1_1)) throw new Error("only v1.1 has records in requests");
          return importer.openRequest({}, "no record");
        },
        "a request without a record",
      );
    },
  },
];
