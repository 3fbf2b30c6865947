import type { RestoreEntry } from "@kloset/host";
import { requireSameBytes } from "../../bytes.js";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { contentOf, knownContent, knownFileInfo, knownTree, type KnownEntry } from "../../tree/known-tree.js";
import { parentEntries } from "../../tree/restore-entries.js";
import { contentAt, entryAt, requireRestored } from "./restored.js";
import { restoreInto, restoreKnown, smallTree } from "./restoring.js";

const MILLISECOND = 1_000_000n;

function only(type: KnownEntry["type"], tree = smallTree): readonly KnownEntry[] {
  return tree.filter((entry) => entry.type === type);
}

/** Returns one of two names of the same file. */
function hardLinked(pathname: string, content: Uint8Array): RestoreEntry {
  const known = { pathname, type: "file", permissions: 0o644, modTime: 0n, size: content.length, target: "" } as const;
  return { pathname, fileInfo: { ...knownFileInfo(known), nlink: 2, dev: 7n, ino: 42n }, read: () => content };
}

/** Rules about the restored tree. */
export const tree: readonly ConnectorRule<"exporter">[] = [
  {
    id: "exporter.tree.contents",
    connector: "exporter",
    title: "restores files of any size and name byte for byte",
    because: "a wrong byte that goes unnoticed is the worst fault of a backup",
    check: async (harness) => {
      requireRestored(harness);
      await restoreKnown(harness, ["file"], knownTree);
      for (const entry of only("file", knownTree)) {
        const name = JSON.stringify(entry.pathname);
        const actual = await contentAt(harness, entry.pathname);
        requires(actual !== undefined, () => `there is no file ${name} after the restore`);
        requireSameBytes(actual, contentOf(entry), name);
      }
    },
  },
  {
    id: "exporter.tree.folders",
    connector: "exporter",
    title: "restores every folder, including empty ones",
    because: "programs fail when a folder that they rely on is missing after a restore",
    check: async (harness) => {
      requireRestored(harness);
      await restoreKnown(harness, ["directory"]);
      for (const { pathname } of only("directory")) {
        const entry = await entryAt(harness, pathname);
        requires(entry?.type === "directory", () => `${JSON.stringify(pathname)} is not a folder after the restore`);
      }
    },
  },
  {
    id: "exporter.tree.symbolic-links",
    connector: "exporter",
    title: "restores symbolic links with unchanged targets",
    because: "a link that was followed, resolved or cleaned no longer points to the original target",
    check: async (harness) => {
      requireRestored(harness);
      await restoreKnown(harness, ["symlink"]);
      for (const { pathname, target } of only("symlink")) {
        const entry = await entryAt(harness, pathname);
        requires(entry?.type === "symlink", () => `there is no symbolic link ${JSON.stringify(pathname)}`);
        requires(
          entry.target === target,
          () =>
            `${JSON.stringify(pathname)} points to ${JSON.stringify(entry.target)}, not to ${JSON.stringify(target)}`,
        );
      }
    },
  },
  {
    id: "exporter.tree.hard-links",
    connector: "exporter",
    title: "restores both names of a hard-linked file, each with its content",
    because: "v1.0 sends the second name as a link, v1.1 as a whole file; a name without its content is a lost file",
    check: async (harness) => {
      requireRestored(harness);
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
    because: "otherwise anyone can read a private key, or a program cannot be started",
    check: async (harness) => {
      requireRestored(harness);
      await restoreKnown(harness, ["file", "directory"]);
      for (const { pathname, permissions } of [...only("file"), ...only("directory")]) {
        // v1.0 hosts send no permissions for the root.
        if (pathname === "/") continue;
        // A missing entry is the matter of another rule.
        const actual = (await entryAt(harness, pathname))?.permissions;
        if (actual === undefined) continue;
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
    title: "restores the modification times of files and folders",
    because:
      "otherwise the next backup treats all files as changed; a folder loses its time if that is set before its content",
    check: async (harness) => {
      requireRestored(harness);
      await restoreKnown(harness, ["file", "directory"]);
      for (const { pathname, modTime } of [...only("file"), ...only("directory")]) {
        if (pathname === "/") continue;
        const actual = (await entryAt(harness, pathname))?.modTime;
        if (actual === undefined) continue;
        requires(
          actual / MILLISECOND === modTime / MILLISECOND,
          () =>
            `${JSON.stringify(pathname)} has the modification time ${String(actual)} ns, expected ${String(modTime)} ns`,
        );
      }
    },
  },
];
