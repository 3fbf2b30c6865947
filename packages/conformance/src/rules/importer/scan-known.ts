import type { Harness } from "../../harness.js";
import { knownTree, type KnownEntry } from "../../tree/known-tree.js";
import { isEntry, requireKnownSource, scanAll } from "./collect.js";
import { startWire } from "./start.js";
import type { WireImporter, WireRecord } from "./wire.js";

/** Scans the known tree. @returns The records of its entries, by their pathnames in the known tree. */
export async function scanKnown(
  harness: Harness<"importer">,
  visit: (importer: WireImporter, entry: KnownEntry, record: WireRecord) => Promise<void> = async () => undefined,
): Promise<Map<string, WireRecord>> {
  requireKnownSource(harness);
  const importer = await startWire(harness);
  const { root } = await importer.identity();
  const byPathname = new Map(knownTree.map((entry) => [pathnameBelow(root, entry.pathname), entry]));
  const found = new Map<string, WireRecord>();
  await scanAll(importer, async (record) => {
    const entry = isEntry(record) ? byPathname.get(record.pathname) : undefined;
    if (entry === undefined) return;
    found.set(entry.pathname, record);
    await visit(importer, entry, record);
  });
  return found;
}

function pathnameBelow(root: string, pathname: string): string {
  const base = root === "/" ? "" : root;
  return pathname === "/" ? root : `${base}${pathname}`;
}
