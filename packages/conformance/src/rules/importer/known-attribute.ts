import { join } from "node:path";
import { PluginError, type RestoreEntry } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { requireSameBytes } from "../../bytes.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import type { Companion } from "../../subject.js";
import { knownContent } from "../../tree/known-tree.js";
import { fileEntry, parentEntries } from "../../tree/restore-entries.js";
import { seedEntries, seedFailure } from "../../tree/seed.js";
import { setAttribute } from "../../tree/set-attribute.js";
import { quote, requireKnownSource, scanAll } from "./collect.js";
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

/** Has the exporter set the attribute. @returns False if it does not, as always on v1.0. */
async function seedAttribute(harness: Harness<"importer">, seed: Companion): Promise<boolean> {
  const { name, value } = ATTRIBUTE;
  const file = { ...fileEntry(PATHNAME, BYTES), extendedAttributes: [name] };
  const attribute: RestoreEntry = {
    pathname: PATHNAME,
    attribute: { name, kind: "extended" },
    read: () => Buffer.from(value),
  };
  const { skipped } = await seedEntries(harness, seed, [...parentEntries(PATHNAME), file, attribute]);
  return skipped === 0 && seedFailure(harness, PATHNAME) === undefined;
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
      requireKnownSource(harness);
      const { seed } = harness.subject;
      const set =
        seed === undefined
          ? await setAttribute(join(harness.workspace.directory, PATHNAME), ATTRIBUTE.name, ATTRIBUTE.value)
          : await seedAttribute(harness, seed);
      const isConclusive = await checkAttribute(harness, set);
      if (!isConclusive)
        harness.notApplicable(
          set
            ? "the plugin sends no extended attributes"
            : `extended attributes cannot be set ${seed === undefined ? "on this system" : "through the exporter"}`,
        );
    },
  },
];
