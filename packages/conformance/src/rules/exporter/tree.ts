import type { BigIntStats } from "node:fs";
import { lstat, readFile, readlink } from "node:fs/promises";
import type { RestoreEntry } from "@kloset/host";
import { requireSameBytes } from "../../bytes.js";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { knownContent, knownFileInfo, knownTree, type KnownEntry } from "../../tree/known-tree.js";
import {
  contentAt,
  parentEntries,
  placeOf,
  restoreInto,
  restoreKnown,
  smallTree,
  type ExporterHarness,
} from "./restoring.js";

const PERMISSIONS = 0o7777n;
const MILLISECOND = 1_000_000n;

function only(type: KnownEntry["type"], tree = smallTree): readonly KnownEntry[] {
  return tree.filter((entry) => entry.type === type);
}

/** @returns undefined for what is not there: that is another rule's matter. */
async function statsOf(harness: ExporterHarness, pathname: string): Promise<BigIntStats | undefined> {
  return await lstat(placeOf(harness, pathname), { bigint: true }).catch(() => undefined);
}

/** One of two names of the same file. */
function hardLinked(pathname: string, content: Uint8Array): RestoreEntry {
  const known = { pathname, type: "file", permissions: 0o644, modTime: 0n, size: content.length, target: "" } as const;
  return { pathname, fileInfo: { ...knownFileInfo(known), nlink: 2, dev: 7n, ino: 42n }, read: () => content };
}

/** What a restored tree must be. */
export const tree: readonly ConnectorRule<"exporter">[] = [
  {
    id: "exporter.tree.contents",
    connector: "exporter",
    title: "restores every byte of every file, of any size and name",
    because: "a wrong byte that nobody notices is the worst thing a backup can do",
    check: async (harness) => {
      placeOf(harness, "/");
      await restoreKnown(harness, knownTree);
      for (const { pathname, size } of only("file", knownTree)) {
        const actual = await readFile(placeOf(harness, pathname));
        requireSameBytes(actual, knownContent(pathname, size), JSON.stringify(pathname));
      }
    },
  },
  {
    id: "exporter.tree.folders",
    connector: "exporter",
    title: "restores every folder, empty ones too",
    because: "programs fail when a folder that they rely on is missing after a restore",
    check: async (harness) => {
      placeOf(harness, "/");
      await restoreKnown(harness);
      for (const { pathname } of only("directory")) {
        const stats = await statsOf(harness, pathname);
        requires(stats?.isDirectory() === true, () => `${JSON.stringify(pathname)} is no folder after the restore`);
      }
    },
  },
  {
    id: "exporter.tree.symbolic-links",
    connector: "exporter",
    title: "restores symbolic links with their targets, as they are",
    because: "a link that was followed, resolved or cleaned points elsewhere than the user's did",
    check: async (harness) => {
      placeOf(harness, "/");
      await restoreKnown(harness);
      for (const { pathname, target } of only("symlink")) {
        const actual = await readlink(placeOf(harness, pathname)).catch(() => undefined);
        requires(
          actual === target,
          () => `${JSON.stringify(pathname)} points to ${JSON.stringify(actual)}, not to ${JSON.stringify(target)}`,
        );
      }
    },
  },
  {
    id: "exporter.tree.hard-links",
    connector: "exporter",
    title: "restores both names of a file that has two, with its content",
    because: "v1.0 sends the second name as a link, v1.1 as a whole file: a name without its content is a lost file",
    check: async (harness) => {
      placeOf(harness, "/");
      const content = knownContent("hard link", 5000);
      const { failures } = await restoreInto(harness, [
        ...parentEntries("/folder/second"),
        hardLinked("/first", content),
        hardLinked("/folder/second", content),
      ]);
      const [failure] = failures;
      requires(failure === undefined, () => `${String(failure?.[0])}: ${String(failure?.[1].message)}`);
      for (const pathname of ["/first", "/folder/second"]) {
        requireSameBytes((await contentAt(harness, pathname)) ?? new Uint8Array(), content, pathname);
      }
    },
  },
  {
    id: "exporter.tree.modes",
    connector: "exporter",
    title: "restores the permissions of files and folders",
    because: "a private key that anybody can read, or a program that can not be started, is no restore",
    check: async (harness) => {
      placeOf(harness, "/");
      await restoreKnown(harness);
      for (const { pathname, permissions } of [...only("file"), ...only("directory")]) {
        // The top of a v1.0 restore gets none.
        if (pathname === "/") continue;
        const mode = (await statsOf(harness, pathname))?.mode;
        if (mode === undefined) continue;
        const actual = Number(mode & PERMISSIONS);
        requires(
          actual === permissions,
          () => `${JSON.stringify(pathname)} has the mode ${actual.toString(8)}, expected ${permissions.toString(8)}`,
        );
      }
    },
  },
  {
    id: "exporter.tree.times",
    connector: "exporter",
    title: "restores the time of the last change of files and folders",
    because: "the next backup takes all files for changed; folders lose their time when it is set before their content",
    check: async (harness) => {
      placeOf(harness, "/");
      await restoreKnown(harness);
      for (const { pathname, modTime } of [...only("file"), ...only("directory")]) {
        if (pathname === "/") continue;
        const mtimeNs = (await statsOf(harness, pathname))?.mtimeNs;
        if (mtimeNs === undefined) continue;
        requires(
          mtimeNs / MILLISECOND === modTime / MILLISECOND,
          () => `${JSON.stringify(pathname)} has the time ${String(mtimeNs)} ns, expected ${String(modTime)} ns`,
        );
      }
    },
  },
];
