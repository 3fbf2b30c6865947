import { PluginError } from "@kloset/host";
import { FileMode, fileTypeOf } from "@kloset/model";
import { requireSameBytes } from "../../bytes.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { knownContent, knownTree, type KnownEntry } from "../../tree/known-tree.js";
import { quote } from "./collect.js";
import { tryRead } from "./reading.js";
import { scanKnown } from "./scan-known.js";
import type { WireInfo, WireRecord } from "./wire.js";

const NANOS_PER_MS = 1_000_000n;
const NANOS_PER_SECOND = 1_000_000_000n;

/** A rule of one attribute: what is missing altogether is another rule's. */
function attributeRule(
  text: Pick<ConnectorRule<"importer">, "id" | "title" | "because">,
  judge: (info: WireInfo, entry: KnownEntry, record: WireRecord) => void,
): ConnectorRule<"importer"> {
  return {
    ...text,
    connector: "importer",
    check: async (harness) => {
      const found = await scanKnown(harness);
      for (const entry of knownTree) {
        const record = found.get(entry.pathname);
        if (record?.fileInfo !== undefined) judge(record.fileInfo, entry, record);
      }
    },
  };
}

/** The twelve bits of `chmod`, from Go's mode. */
function permissionsOf(mode: number): number {
  const special = [FileMode.SETUID, FileMode.SETGID, FileMode.STICKY].map((bit, index) =>
    (mode & bit) === 0 ? 0 : 0o4000 >> index,
  );
  return special.reduce((sum, bit) => sum | bit, mode & FileMode.PERMISSIONS);
}

function octal(permissions: number): string {
  return `0${permissions.toString(8)}`;
}

/** A tree that the kit has made, byte for byte. */
export const known: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.known.complete",
    connector: "importer",
    title: "finds every entry of a known tree, whatever its name",
    because: "what is left out of a backup silently can not be restored",
    check: async (harness) => {
      const found = await scanKnown(harness);
      const missing = knownTree.filter(({ pathname }) => !found.has(pathname)).map(({ pathname }) => quote(pathname));
      requires(missing.length === 0, () => `not found: ${missing.join(", ")}`);
    },
  },
  {
    id: "importer.known.content",
    connector: "importer",
    title: "reads every file of a known tree, byte for byte",
    because: "a wrong byte in a backup is the worst thing there is: nobody notices until it is needed",
    check: async (harness) => {
      await scanKnown(harness, async (importer, { pathname, type, size }, record) => {
        if (type !== "file" || size === 0) return;
        const bytes = await tryRead(importer, record);
        if (bytes instanceof PluginError) throw new Violation(`${quote(pathname)}: ${bytes.message}`);
        requireSameBytes(bytes, knownContent(pathname, size), quote(pathname));
      });
    },
  },
  attributeRule(
    {
      id: "importer.known.type",
      title: "tells files, directories and symbolic links apart",
      because: "a link that is taken for a file is stored as what it points to, or not at all",
    },
    ({ mode }, { pathname, type }) => {
      requires(fileTypeOf(mode) === type, () => `${quote(pathname)} is a ${type}; its mode says ${fileTypeOf(mode)}`);
    },
  ),
  attributeRule(
    {
      id: "importer.known.size",
      title: "tells the size of every file",
      because: "hosts show it, and later backups tell changed files by it",
    },
    ({ size }, { pathname, type, size: expected }) => {
      requires(
        type !== "file" || size === BigInt(expected),
        () => `${quote(pathname)} has ${expected} bytes; fileInfo.size is ${String(size)}`,
      );
    },
  ),
  attributeRule(
    {
      id: "importer.known.permissions",
      title: "tells the permissions of every file and directory",
      because: "they are restored: what was private may be readable by all, or by nobody",
    },
    ({ mode }, { pathname, type, permissions }) => {
      const actual = permissionsOf(mode);
      requires(
        type === "symlink" || actual === permissions,
        () => `${quote(pathname)} has the permissions ${octal(permissions)}; its mode says ${octal(actual)}`,
      );
    },
  ),
  attributeRule(
    {
      id: "importer.known.times",
      title: "tells the time of every entry's last change, to the millisecond",
      because: "later backups tell changed files by it; times are restored",
    },
    ({ modTime }, { pathname, modTime: expected }) => {
      const actual = modTime === undefined ? 0n : modTime.seconds * NANOS_PER_SECOND + BigInt(modTime.nanos);
      requires(
        actual / NANOS_PER_MS === expected / NANOS_PER_MS,
        () => `${quote(pathname)} was changed at ${String(expected)} ns; modTime says ${String(actual)} ns`,
      );
    },
  ),
  attributeRule(
    {
      id: "importer.known.targets",
      title: "tells the targets of symbolic links as they are, also of those that lead nowhere",
      because: "a link that was resolved or changed points elsewhere after the restore",
    },
    (_info, { pathname, type, target }, record) => {
      requires(
        type !== "symlink" || record.target === target,
        () => `${quote(pathname)} points to ${quote(target)}; target is ${quote(record.target)}`,
      );
    },
  ),
];
