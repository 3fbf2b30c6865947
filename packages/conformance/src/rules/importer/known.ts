import { PluginError } from "@kloset/host";
import { fileTypeOf } from "@kloset/model";
import { requireSameBytes } from "../../bytes.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { contentOf, knownTree, permissionsOf, type KnownEntry } from "../../tree/known-tree.js";
import { seedFailure } from "../../tree/seed.js";
import { quote } from "./collect.js";
import { tryRead } from "./reading.js";
import { scanKnown } from "./scan-known.js";
import type { WireInfo, WireRecord } from "./wire.js";

const NANOS_PER_MS = 1_000_000n;
const NANOS_PER_SECOND = 1_000_000_000n;

/**
 * Makes a rule about one attribute of each entry. Missing entries are the matter of another rule.
 *
 * @param isRestored - Returns false for an entry whose attribute exporters do not restore. It is not compared in a source
 * that an exporter has filled.
 */
function attributeRule(
  text: Pick<ConnectorRule<"importer">, "id" | "title" | "because">,
  judge: (info: WireInfo, entry: KnownEntry, record: WireRecord) => void,
  isRestored: (entry: KnownEntry) => boolean = () => true,
): ConnectorRule<"importer"> {
  return {
    ...text,
    connector: "importer",
    check: async (harness) => {
      const found = await scanKnown(harness);
      for (const entry of knownTree) {
        if (harness.subject.seed !== undefined && !isRestored(entry)) continue;
        const record = found.get(entry.pathname);
        if (record?.fileInfo !== undefined) judge(record.fileInfo, entry, record);
      }
    },
  };
}

/** v1.0 hosts do not restore the attributes of the root. */
function isBelowRoot({ pathname }: KnownEntry): boolean {
  return pathname !== "/";
}

function octal(permissions: number): string {
  return `0${permissions.toString(8)}`;
}

/** Rules about a tree that the kit has written itself. */
export const known: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.known.complete",
    connector: "importer",
    title: "finds every entry of a known tree, even with unusual names",
    because: "an entry that is silently left out of the backup cannot be restored",
    check: async (harness) => {
      const found = await scanKnown(harness);
      const missing = knownTree
        .filter(({ pathname }) => !found.has(pathname))
        .map(({ pathname }) => {
          const reason = seedFailure(harness, pathname);
          return reason === undefined ? quote(pathname) : `${quote(pathname)} (the exporter failed: ${reason})`;
        });
      requires(missing.length === 0, () => `not found: ${missing.join(", ")}`);
    },
  },
  {
    id: "importer.known.content",
    connector: "importer",
    title: "reads every file of a known tree, byte for byte",
    because: "a wrong byte goes unnoticed until the backup is needed",
    check: async (harness) => {
      await scanKnown(harness, async (importer, entry, record) => {
        const { pathname, type, size } = entry;
        if (type !== "file" || size === 0) return;
        const bytes = await tryRead(importer, record);
        if (bytes instanceof PluginError) throw new Violation(`${quote(pathname)}: ${bytes.message}`);
        requireSameBytes(bytes, contentOf(entry), quote(pathname));
      });
    },
  },
  attributeRule(
    {
      id: "importer.known.type",
      title: "distinguishes files, directories and symbolic links",
      because: "a link that looks like a file is stored as the content of its target, or not at all",
    },
    ({ mode }, { pathname, type }) => {
      requires(
        fileTypeOf(mode) === type,
        () => `${quote(pathname)} is a ${type}, but its mode says ${fileTypeOf(mode)}`,
      );
    },
  ),
  attributeRule(
    {
      id: "importer.known.size",
      title: "reports the size of every file, or -1 if it is unknown",
      because: "hosts show the size, and later backups detect changed files by it",
    },
    ({ size }, { pathname, type, size: expected }) => {
      requires(
        type !== "file" || size < 0n || size === BigInt(expected),
        () => `${quote(pathname)} has ${expected} bytes, but fileInfo.size is ${String(size)}`,
      );
    },
  ),
  attributeRule(
    {
      id: "importer.known.permissions",
      title: "reports the permissions of every file and directory",
      because: "permissions are restored: a private file could become readable by everyone, or by no one",
    },
    ({ mode }, { pathname, type, permissions }) => {
      const actual = permissionsOf(mode);
      requires(
        type === "symlink" || actual === permissions,
        () => `${quote(pathname)} has the permissions ${octal(permissions)}, but its mode says ${octal(actual)}`,
      );
    },
    isBelowRoot,
  ),
  attributeRule(
    {
      id: "importer.known.times",
      title: "reports the modification time of every entry to the millisecond",
      because: "later backups detect changed files by the modification time, and it is restored",
    },
    ({ modTime }, { pathname, modTime: expected }) => {
      const actual = modTime === undefined ? 0n : modTime.seconds * NANOS_PER_SECOND + BigInt(modTime.nanos);
      requires(
        actual / NANOS_PER_MS === expected / NANOS_PER_MS,
        () => `${quote(pathname)} was modified at ${String(expected)} ns, but modTime is ${String(actual)} ns`,
      );
    },
    // Many systems cannot set the time of a link.
    (entry) => isBelowRoot(entry) && entry.type !== "symlink",
  ),
  attributeRule(
    {
      id: "importer.known.targets",
      title: "reports the targets of symbolic links unchanged, even of broken links",
      because: "a link whose target was resolved or cleaned points elsewhere after the restore",
    },
    (_info, { pathname, type, target }, record) => {
      requires(
        type !== "symlink" || record.target === target,
        () => `${quote(pathname)} points to ${quote(target)}, but target is ${quote(record.target)}`,
      );
    },
  ),
];
