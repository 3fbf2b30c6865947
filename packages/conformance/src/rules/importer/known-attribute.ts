import { join } from "node:path";
import { PluginError } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { requireSameBytes } from "../../bytes.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { knownContent } from "../../tree/known-tree.js";
import { setAttribute } from "../../tree/set-attribute.js";
import { quote, requireSource, scanAll } from "./collect.js";
import { tryRead } from "./reading.js";
import { startWire } from "./start.js";
import type { WireImporter, WireRecord } from "./wire.js";

const PATHNAME = "/small.txt";
const BYTES = 1234;
/** The attribute that the kit sets on a file, if the system supports it. */
const ATTRIBUTE = { name: "user.kloset", value: "an attribute, not the file" };
/** The type that hosts use for every attribute except an alternate data stream. */
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

/**
 * Reads the file and its attribute.
 *
 * @param set - Whether the kit has set the attribute.
 * @returns Whether the check is conclusive.
 */
async function checkAttribute(harness: Harness<"importer">, set: boolean): Promise<boolean> {
  const importer = await startWire(harness);
  const checked = { file: false, attribute: false };
  await scanAll(importer, async (record) => {
    if (!record.pathname.endsWith(PATHNAME) || record.error !== undefined) return;
    if (record.attribute === undefined) {
      checked.file = true;
      const content = knownContent(PATHNAME, BYTES);
      await requireBytes(importer, record, content, `the content of ${PATHNAME}, which has an extended attribute`);
    } else if (record.attribute.name === ATTRIBUTE.name) {
      checked.attribute = true;
      const { type } = record.attribute;
      const what = `the attribute ${quote(ATTRIBUTE.name)} of ${PATHNAME}`;
      requires(type === ORDINARY, () => `${what} has the type ${type}; an ordinary attribute is 0 on the wire`);
      await requireBytes(importer, record, Buffer.from(ATTRIBUTE.value), what);
    }
  });
  return checked.attribute || (harness.generation === "v1.0" && checked.file && set);
}

/** The rule about a file that has an extended attribute. */
export const knownAttribute: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.known.attribute",
    connector: "importer",
    title: "keeps the content of a file and its extended attribute apart",
    because: "if an attribute's value replaces the content of its file, the file is lost, and no error shows it",
    check: async (harness) => {
      requireSource(harness);
      const set = await setAttribute(join(harness.workspace.directory, PATHNAME), ATTRIBUTE.name, ATTRIBUTE.value);
      const isConclusive = await checkAttribute(harness, set);
      if (!isConclusive)
        harness.notApplicable(
          set ? "the plugin sends no extended attributes" : "extended attributes cannot be set on this system",
        );
    },
  },
];
