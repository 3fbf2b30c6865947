import { PluginError } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { quote, scanAll } from "./collect.js";
import { readRest } from "./reading.js";
import { startWire } from "./start.js";
import { WireImporterV1_1 } from "./wire-v1_1.js";
import type { WireImporter, WireReader } from "./wire.js";

/** Opens something in the middle of a scan. @throws Violation unless the plugin answers an error with a message. */
async function requireRefused(
  harness: Harness<"importer">,
  open: (importer: WireImporter, root: string) => Promise<WireReader>,
  what: string,
): Promise<void> {
  const importer = await startWire(harness);
  const { root } = await importer.identity();
  let isOpened = false;
  await scanAll(importer, async () => {
    if (isOpened) return;
    isOpened = true;
    const reader = await open(importer, root);
    const bytes = await failureOr(readRest(reader));
    if (!(bytes instanceof PluginError))
      throw new Violation(`Open of ${what} succeeded with ${bytes.length} bytes; expected an error`);
    requires(bytes.message !== "", () => `the error for ${what} has no message`);
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

/** Rules about Open requests that must fail. */
export const requests: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.open.unknown",
    connector: "importer",
    title: "answers an unknown pathname with an error",
    because: "an answer without content and without an error becomes an empty file in the backup",
    check: async (harness) => {
      const name = `not-there-${harness.workspace.unique}`;
      await requireRefused(
        harness,
        (importer, root) =>
          importer.open({ pathname: `${root === "/" ? "" : root}/${name}`, target: "", attribute: undefined }),
        `the unknown pathname ${quote(name)}`,
      );
    },
  },
  {
    id: "importer.open.no-record",
    connector: "importer",
    title: "answers a request that names no record with an error",
    because: "a plugin that crashes on such a request fails the whole backup",
    generations: ["v1.1"],
    check: async (harness) => {
      await requireRefused(
        harness,
        (importer) => {
          if (!(importer instanceof WireImporterV1_1)) throw new Error("only v1.1 requests have a record");
          return importer.openRequest({}, "no record");
        },
        "a request without a record",
      );
    },
  },
];
