import { baseName, fileTypeOf, FileMode, isSymlink } from "@kloset/model";
import { NO_HOSTS } from "../../levels.js";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { isEntry, isFile, quote, scanAll } from "./collect.js";
import { startWire } from "./start.js";
import type { WireInfo, WireRecord } from "./wire.js";

const MAX_NANOS = 999_999_999;
/** Neither permissions nor any of Go's type bits. POSIX has the file type here. */
const UNUSED_BITS = 0x0007_fe00;
const TYPE_BITS = [
  FileMode.DIR,
  FileMode.SYMLINK,
  FileMode.DEVICE,
  FileMode.NAMED_PIPE,
  FileMode.SOCKET,
  FileMode.IRREGULAR,
];

/** Makes a rule about every record. */
function rule(
  text: Pick<ConnectorRule<"importer">, "id" | "title" | "because" | "generations" | "hosts">,
  judge: (record: WireRecord) => void,
): ConnectorRule<"importer"> {
  return {
    ...text,
    connector: "importer",
    check: async (harness) => {
      for (const record of await scanAll(await startWire(harness))) judge(record);
    },
  };
}

/** Makes a rule about the fileInfo of every entry. */
function infoRule(
  text: Pick<ConnectorRule<"importer">, "id" | "title" | "because" | "generations" | "hosts">,
  judge: (info: WireInfo, record: WireRecord) => void,
): ConnectorRule<"importer"> {
  return rule(text, (record) => {
    if (isEntry(record) && record.fileInfo !== undefined) judge(record.fileInfo, record);
  });
}

function hex(mode: number): string {
  return `0x${(mode >>> 0).toString(16)}`;
}

/** Rules about single records. */
export const records: readonly ConnectorRule<"importer">[] = [
  rule(
    {
      id: "importer.records.file-info",
      title: "sends fileInfo with every record that is neither an error nor an extended attribute",
      because: 'otherwise hosts reject the record ("missing fileinfo"), and the entry is missing from the backup',
    },
    (record) => {
      requires(
        !isEntry(record) || record.fileInfo !== undefined,
        () => `${quote(record.pathname)} has neither fileInfo nor an error`,
      );
    },
  ),
  infoRule(
    {
      id: "importer.records.name",
      title: 'names every entry by the last component of its pathname, and the root by "/"',
      because:
        'an empty name or a whole path fails on v1.0 ("not found in the cache") and creates nameless entries on v1.1',
    },
    ({ name }, { pathname }) => {
      requires(
        name === baseName(pathname),
        () => `fileInfo.name of ${quote(pathname)} is ${quote(name)}, not ${quote(baseName(pathname))}`,
      );
    },
  ),
  infoRule(
    {
      id: "importer.records.mode",
      title: "sends the mode as a Go fs.FileMode with at most one type",
      because: "hosts misread a POSIX mode, or a mode of two types: directories become files, and files are not read",
    },
    ({ mode }, { pathname }) => {
      requires(
        (mode & UNUSED_BITS) === 0,
        () =>
          `the mode of ${quote(pathname)}, ${hex(mode)}, has bits that are not defined in Go's fs.FileMode (a POSIX st_mode?)`,
      );
      const types = TYPE_BITS.filter((bit) => (mode & bit) !== 0).length;
      const lonelyCharDevice = (mode & FileMode.CHAR_DEVICE) !== 0 && (mode & FileMode.DEVICE) === 0;
      requires(
        types <= 1 && !lonelyCharDevice,
        () => `the mode of ${quote(pathname)}, ${hex(mode)}, does not name exactly one file type`,
      );
    },
  ),
  infoRule(
    {
      id: "importer.records.target",
      title: "sends the target of every symbolic link",
      because: "a link without a target cannot be restored",
    },
    ({ mode }, { pathname, target }) => {
      requires(!isSymlink(mode) || target !== "", () => `the symbolic link ${quote(pathname)} has no target`);
    },
  ),
  infoRule(
    {
      id: "importer.records.times",
      title: "sends timestamps whose nanoseconds are from 0 to 999,999,999",
      because: "hosts read a different time from anything else; times before 1970 are a common mistake",
    },
    ({ modTime }, { pathname }) => {
      const nanos = modTime?.nanos ?? 0;
      requires(nanos >= 0 && nanos <= MAX_NANOS, () => `modTime.nanos of ${quote(pathname)} is ${nanos}`);
    },
  ),
  rule(
    {
      id: "importer.records.has-reader",
      title: "sets hasReader only for regular files and extended attributes",
      because: "a host that relies on the field opens such a record, and fails because it has no content",
      hosts: NO_HOSTS,
      generations: ["v1.1"],
    },
    (record) => {
      const content = isFile(record) || (record.error === undefined && record.attribute !== undefined);
      const type = record.fileInfo === undefined ? "an error" : fileTypeOf(record.fileInfo.mode);
      requires(record.hasReader !== true || content, () => `${quote(record.pathname)} (${type}) has hasReader set`);
    },
  ),
];
