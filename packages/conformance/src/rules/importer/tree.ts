import { FileMode, parentsOf } from "@kloset/model";
import type { Harness } from "../../harness.js";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { isEntry, quote, scanAll } from "./collect.js";
import { startWire } from "./start.js";
import type { WireImporter, WireRecord } from "./wire.js";

const ABSOLUTE_AND_CLEAN = /^(?:\/|(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)+)$/;

/** The root as a pathname: whether it is written well is another rule. */
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

/** Parents of what is a pathname at all. */
function parents(pathname: string): string[] {
  return ABSOLUTE_AND_CLEAN.test(pathname) ? parentsOf(pathname) : [];
}

/** The records as a tree. */
export const tree: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.tree.root",
    connector: "importer",
    title: "sends the root as a record",
    because: "without it Plakar makes one up, with attributes that nothing has, or has nothing to begin with",
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
    title: 'sends every parent of what it sends, up to "/"',
    because: "Plakar 1.0.3 crashes without them; later ones make them up, and restore made-up owners and permissions",
    check: async (harness) => {
      const importer = await startWire(harness);
      const root = await topOf(importer);
      const records = await scanAll(importer);
      const sent = new Set(records.map(({ pathname }) => pathname));
      // That the root itself is sent is another rule.
      sent.add(root);
      for (const pathname of sent) {
        const missing = parents(pathname).find((parent) => !sent.has(parent));
        requires(
          missing === undefined,
          () => `${quote(pathname)} was sent, its parent ${quote(String(missing))} was not`,
        );
      }
    },
  },
  {
    id: "importer.tree.unique",
    connector: "importer",
    title: "sends nothing twice",
    because: 'hosts answer the second one with "Item already exists": the backup breaks off',
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
    because: 'a pathname that is relative, or has ".." or "//" in it, is lost in the tree or shadows another entry',
    check: async (harness) => {
      for (const { pathname } of await scanned(harness)) {
        requires(ABSOLUTE_AND_CLEAN.test(pathname), () => `the pathname ${quote(pathname)} is not absolute and clean`);
      }
    },
  },
  {
    id: "importer.tree.directories",
    connector: "importer",
    title: "says of everything that has children that it is a directory",
    because: "what is below something else can be neither browsed nor restored",
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
          () => `${quote(pathname)} is below ${quote(String(parent))}, which is no directory by its mode`,
        );
      }
    },
  },
];
