import { FileMode, parentsOf } from "@kloset/model";
import type { Harness } from "../../harness.js";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { isEntry, quote, scanAll } from "./collect.js";
import { startWire } from "./start.js";
import type { WireImporter, WireRecord } from "./wire.js";

const ABSOLUTE_AND_CLEAN = /^(?:\/|(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)+)$/;

/** Returns the root as a clean pathname. Whether the plugin reports it clean is the matter of another rule. */
async function topOf(importer: WireImporter): Promise<string> {
  const { root } = await importer.identity();
  return `/${root
    .split("/")
    .filter((part) => part !== "")
    .join("/")}`;
}

async function scanned(harness: Harness<"importer">): Promise<WireRecord[]> {
  return await scanAll(await startWire(harness));
}

/** Returns the parents of a pathname, or nothing if it is not absolute and clean. */
function parents(pathname: string): string[] {
  return ABSOLUTE_AND_CLEAN.test(pathname) ? parentsOf(pathname) : [];
}

/** Rules about the tree that the records form. */
export const tree: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.tree.root",
    connector: "importer",
    title: "sends a record for the root",
    because: "without the record, Plakar invents a root with made-up attributes, or finds no starting point at all",
    check: async (harness) => {
      const importer = await startWire(harness);
      const root = await topOf(importer);
      const records = await scanAll(importer);
      const found = records.some(({ pathname, attribute }) => pathname === root && attribute === undefined);
      requires(found, () => `none of ${records.length} records is the root, ${quote(root)}`);
    },
  },
  {
    id: "importer.tree.parents",
    connector: "importer",
    title: 'sends all parents of every entry, up to "/"',
    because:
      "Plakar 1.0.3 crashes without them; later versions invent them, and restore made-up owners and permissions",
    check: async (harness) => {
      const importer = await startWire(harness);
      const root = await topOf(importer);
      const records = await scanAll(importer);
      const sent = new Set(records.map(({ pathname }) => pathname));
      // A missing root is the matter of another rule.
      sent.add(root);
      for (const pathname of sent) {
        const missing = parents(pathname).find((parent) => !sent.has(parent));
        requires(
          missing === undefined,
          () => `${quote(pathname)} was sent without its parent ${quote(String(missing))}`,
        );
      }
    },
  },
  {
    id: "importer.tree.unique",
    connector: "importer",
    title: "sends no entry twice",
    because: 'hosts abort the backup at the second one with "Item already exists"',
    check: async (harness) => {
      const seen = new Set<string>();
      for (const { pathname, attribute, error } of await scanned(harness)) {
        if (error !== undefined) continue;
        const key = attribute === undefined ? pathname : `${pathname}\0${attribute.name}\0${attribute.type}`;
        requires(
          !seen.has(key),
          () =>
            `sent twice: ${quote(pathname)}${attribute === undefined ? "" : `, attribute ${quote(attribute.name)}`}`,
        );
        seen.add(key);
      }
    },
  },
  {
    id: "importer.tree.pathnames",
    connector: "importer",
    title: "sends absolute, clean pathnames",
    because: 'a relative pathname, or one with ".." or "//", is lost in the tree or shadows another entry',
    check: async (harness) => {
      for (const { pathname } of await scanned(harness)) {
        requires(ABSOLUTE_AND_CLEAN.test(pathname), () => `the pathname ${quote(pathname)} is not absolute and clean`);
      }
    },
  },
  {
    id: "importer.tree.directories",
    connector: "importer",
    title: "reports every entry that has children as a directory",
    because: "an entry below anything else can be neither browsed nor restored",
    check: async (harness) => {
      const records = await scanned(harness);
      const others = new Set(
        records
          .filter(
            (record) => isEntry(record) && record.fileInfo !== undefined && (record.fileInfo.mode & FileMode.DIR) === 0,
          )
          .map(({ pathname }) => pathname),
      );
      for (const { pathname } of records) {
        const parent = parents(pathname).find((each) => others.has(each));
        requires(
          parent === undefined,
          () => `${quote(pathname)} is below ${quote(String(parent))}, whose mode is not a directory's`,
        );
      }
    },
  },
];
