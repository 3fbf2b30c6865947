import { join } from "node:path";
import { PluginError } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { requireSameBytes } from "../../bytes.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { knownContent } from "../../tree/known-tree.js";
import { setAttribute } from "../../tree/set-attribute.js";
import { quote, scanAll } from "./collect.js";
import { tryRead } from "./reading.js";
import { startWire } from "./start.js";
import type { WireImporter, WireRecord } from "./wire.js";

const PATHNAME = "/small.txt";
const BYTES = 1234;
/** What the kit sets on a file, where the system lets it. */
const ATTRIBUTE = { name: "user.kloset", value: "an attribute, not the file" };
/** What hosts send and expect for an attribute that is no alternate data stream. */
const ORDINARY = 0;

async function requireBytes(
  importer: WireImporter,
  record: WireRecord,
  expected: Uint8Array,
  what: string,
): Promise<void> {
  const bytes = await tryRead(importer, record);
  if (bytes instanceof PluginError) throw new Violation(`${what}: ${bytes.message}`);
  requireSameBytes(bytes, expected, what);
}

/** Whether the plugin was asked anything. */
async function checkAttribute(harness: Harness<"importer">, set: boolean): Promise<boolean> {
  const importer = await startWire(harness);
  const asked = { file: false, attribute: false };
  await scanAll(importer, async (record) => {
    if (!record.pathname.endsWith(PATHNAME) || record.error !== undefined) return;
    if (record.attribute === undefined) {
      asked.file = true;
      const content = knownContent(PATHNAME, BYTES);
      await requireBytes(importer, record, content, `the content of ${PATHNAME}, which has an extended attribute`);
    } else if (record.attribute.name === ATTRIBUTE.name) {
      asked.attribute = true;
      const { type } = record.attribute;
      const what = `the attribute ${quote(ATTRIBUTE.name)} of ${PATHNAME}`;
      requires(type === ORDINARY, () => `${what} has the type ${type}; an ordinary attribute is 0 on the wire`);
      await requireBytes(importer, record, Buffer.from(ATTRIBUTE.value), what);
    }
  });
  return asked.attribute || (harness.generation === "v1.0" && asked.file && set);
}

/** A file with an extended attribute. */
export const knownAttribute: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.known.attribute",
    connector: "importer",
    title: "keeps a file and its extended attribute apart",
    because:
      "an attribute's value in place of the file's content is a backup that has lost the file, and nobody notices",
    check: async (harness) => {
      if (!harness.seesDirectory) harness.notApplicable("the kit does not see what the plugin reads");
      const set = await setAttribute(join(harness.workspace.directory, PATHNAME), ATTRIBUTE.name, ATTRIBUTE.value);
      const asked = await checkAttribute(harness, set);
      if (!asked)
        harness.notApplicable(
          set ? "the plugin sends no extended attributes" : "this system sets no extended attributes",
        );
    },
  },
];
