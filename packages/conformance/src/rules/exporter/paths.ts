import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileInfoOf } from "@kloset/model";
import type { RestoreEntry } from "@kloset/host";
import { requireSameBytes } from "../../bytes.js";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { knownContent } from "../../tree/known-tree.js";
import { contentAt, fileEntry, parentEntries, placeOf, restoreInto, type ExporterHarness } from "./restoring.js";

const ESCAPED = "escaped-from-the-restore";

/** A pathname as no honest snapshot has it. Hosts of v1.0 clean theirs. */
function escaping(): RestoreEntry {
  const size = 10;
  return {
    pathname: `/../${ESCAPED}`,
    fileInfo: fileInfoOf({ name: ESCAPED, size }),
    read: () => knownContent(ESCAPED, size),
  };
}

/** Restores it, and a file after it. What comes of the two, the rules look for themselves. */
async function restoreEscaping(harness: ExporterHarness): Promise<void> {
  if (harness.generation === "v1.1") {
    await restoreInto(harness, [...parentEntries("/file"), escaping(), fileEntry("/file", 100)]).catch(ignore);
    return;
  }
  const { client } = await harness.start();
  if (client.generation !== "v1.0") throw new TypeError("another generation");
  const { root } = await client.identity();
  const content = knownContent(ESCAPED, 10);
  // Refused or put below the root: both are right.
  await client.storeFile(`${root}/../${ESCAPED}`, content, content.length).catch(ignore);
  await client.storeFile(`${root}/file`, knownContent("/file", 100), 100).catch(ignore);
  await client.close();
}

function ignore(): void {
  // Refused is right, too.
}

/** Where an exporter writes. */
export const paths: readonly ConnectorRule<"exporter">[] = [
  {
    id: "exporter.root",
    connector: "exporter",
    title: "has an absolute root",
    because: "hosts of v1.0 put it in front of every pathname; both show it to the user",
    check: async (harness) => {
      const { client } = await harness.start();
      const { root } = await client.identity();
      requires(root.startsWith("/"), () => `the root is ${JSON.stringify(root)}`);
    },
  },
  {
    id: "exporter.paths.stay-below",
    connector: "exporter",
    title: "writes nothing outside its root, whatever the pathname",
    because: "a snapshot may come from anybody: it must not overwrite the user's other files",
    check: async (harness) => {
      const outside = join(dirname(placeOf(harness, "/x")), "..", ESCAPED);
      await restoreEscaping(harness);
      const there = await access(outside).then(
        () => true,
        () => false,
      );
      requires(!there, () => `/../${ESCAPED} was written outside the root`);
    },
  },
  {
    id: "exporter.paths.goes-on",
    connector: "exporter",
    title: "restores what follows an entry that it refuses",
    because: "one odd entry must not cost the user all that comes after it",
    check: async (harness) => {
      placeOf(harness, "/");
      await restoreEscaping(harness);
      requireSameBytes(
        (await contentAt(harness, "/file")) ?? new Uint8Array(),
        knownContent("/file", 100),
        "the file after a refused one",
      );
    },
  },
];
