import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RestoreEntry } from "@kloset/host";
import { requireSameBytes } from "../../bytes.js";
import { HOSTS_V1_1, NO_HOSTS } from "../../levels.js";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { knownContent } from "../../tree/known-tree.js";
import { fileEntry, parentEntries } from "../../tree/restore-entries.js";
import { contentAt, requireRestored } from "./restored.js";
import { below, placeOf, restoreInto, type ExporterHarness } from "./restoring.js";

const ESCAPED = "escaped-from-the-restore";

/** Returns an entry with a pathname that only a malicious snapshot has. Hosts of v1.0 clean pathnames. */
function escaping(): RestoreEntry {
  return { ...fileEntry(`/${ESCAPED}`, 10), pathname: `/../${ESCAPED}` };
}

/** Restores the malicious entry and a file after it, ignoring errors: the rules look at the files. */
async function restoreEscaping(harness: ExporterHarness): Promise<void> {
  if (harness.generation === "v1.1") {
    await restoreInto(harness, [...parentEntries("/file"), escaping(), fileEntry("/file", 100)]).catch(ignore);
    return;
  }
  const { client } = await harness.start();
  if (client.generation !== "v1.0") throw new TypeError(`unexpected generation ${client.generation}`);
  const { root } = await client.identity();
  await client.createDirectory(root);
  const content = knownContent(ESCAPED, 10);
  // The plugin may reject the pathname, or store the file below the root.
  await client.storeFile(`${root === "/" ? "" : root}/../${ESCAPED}`, content, content.length).catch(ignore);
  await client.storeFile(below(root, "/file"), knownContent("/file", 100), 100).catch(ignore);
  await client.close();
}

function ignore(): void {
  // The plugin may reject the entry.
}

/** Rules about where an exporter writes. */
export const paths: readonly ConnectorRule<"exporter">[] = [
  {
    id: "exporter.root",
    connector: "exporter",
    title: "reports an absolute root",
    because: "v1.0 hosts prepend the root to every pathname, and both generations show it to the user",
    hosts: NO_HOSTS,
    check: async (harness) => {
      const { client } = await harness.start();
      const { root } = await client.identity();
      requires(root.startsWith("/"), () => `the root is not absolute: ${JSON.stringify(root)}`);
    },
  },
  {
    id: "exporter.paths.stay-below",
    connector: "exporter",
    title: "writes nothing outside its root, whatever the pathname",
    because: "a snapshot can come from anyone: it must not overwrite the user's other files",
    hosts: HOSTS_V1_1,
    check: async (harness) => {
      const outside = join(dirname(placeOf(harness, "/x")), "..", ESCAPED);
      await restoreEscaping(harness);
      const exists = await access(outside).then(
        () => true,
        () => false,
      );
      requires(!exists, () => `/../${ESCAPED} was written outside the root`);
    },
  },
  {
    id: "exporter.paths.goes-on",
    connector: "exporter",
    title: "restores the entries after one that it rejects",
    because: "one invalid entry must not cost the user all entries after it",
    hosts: HOSTS_V1_1,
    check: async (harness) => {
      requireRestored(harness);
      await restoreEscaping(harness);
      requireSameBytes(
        (await contentAt(harness, "/file")) ?? new Uint8Array(),
        knownContent("/file", 100),
        "the file after a rejected entry",
      );
    },
  },
];
