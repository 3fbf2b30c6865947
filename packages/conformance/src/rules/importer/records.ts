import { baseName, fileTypeOf, FileMode, isSymlink } from "@kloset/model";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { isEntry, isFile, quote, scanAll } from "./collect.js";
import { startWire } from "./start.js";
import type { WireInfo, WireRecord } from "./wire.js";

const MAX_NANOS = 999_999_999;
/** Neither permissions nor any of Go's bits: POSIX keeps the type there. */
const UNUSED_BITS = 0x0007_fe00;
const TYPE_BITS = [
  FileMode.DIR,
  FileMode.SYMLINK,
  FileMode.DEVICE,
  FileMode.NAMED_PIPE,
  FileMode.SOCKET,
  FileMode.IRREGULAR,
];

function rule(
  text: Pick<ConnectorRule<"importer">, "id" | "title" | "because" | "generations">,
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

/** A rule of what every entry says. */
function infoRule(
  text: Pick<ConnectorRule<"importer">, "id" | "title" | "because" | "generations">,
  judge: (info: WireInfo, record: WireRecord) => void,
): ConnectorRule<"importer"> {
  return rule(text, (record) => {
    if (isEntry(record) && record.fileInfo !== undefined) judge(record.fileInfo, record);
  });
}

function hex(mode: number): string {
  return `0x${(mode >>> 0).toString(16)}`;
}

/** What each record says. */
export const records: readonly ConnectorRule<"importer">[] = [
  rule(
    {
      id: "importer.records.file-info",
      title: "sends fileInfo with every record that is neither an error nor an extended attribute",
      because: 'hosts reject the record otherwise ("missing fileinfo"): the entry is not in the backup',
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
      title: 'names every entry by the last component of its pathname, and the root "/"',
      because:
        'an empty name, or a whole path, breaks 1.0 ("not found in the cache") and makes nameless entries on 1.1',
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
      title: "sends modes as Go has them, with one type at most",
      because:
        "hosts take a POSIX mode, or one of two types, for something else: directories become files, files are not read",
    },
    ({ mode }, { pathname }) => {
      requires(
        (mode & UNUSED_BITS) === 0,
        () =>
          `the mode of ${quote(pathname)}, ${hex(mode)}, has bits that Go's fs.FileMode does not know (a POSIX st_mode?)`,
      );
      const types = TYPE_BITS.filter((bit) => (mode & bit) !== 0).length;
      const lonelyCharDevice = (mode & FileMode.CHAR_DEVICE) !== 0 && (mode & FileMode.DEVICE) === 0;
      requires(
        types <= 1 && !lonelyCharDevice,
        () => `the mode of ${quote(pathname)}, ${hex(mode)}, has not one type but several`,
      );
    },
  ),
  infoRule(
    {
      id: "importer.records.target",
      title: "sends the target of every symbolic link",
      because: "a link without a target can not be restored",
    },
    ({ mode }, { pathname, target }) => {
      requires(!isSymlink(mode) || target !== "", () => `the symbolic link ${quote(pathname)} has no target`);
    },
  ),
  infoRule(
    {
      id: "importer.records.times",
      title: "sends timestamps whose nanoseconds are within 0 and 999,999,999",
      because: "hosts read another time from others, in particular from times before 1970",
    },
    ({ modTime }, { pathname }) => {
      const nanos = modTime?.nanos ?? 0;
      requires(nanos >= 0 && nanos <= MAX_NANOS, () => `modTime of ${quote(pathname)} has ${nanos} nanoseconds`);
    },
  ),
  rule(
    {
      id: "importer.records.has-reader",
      title: "sets hasReader only for regular files and extended attributes",
      because: "what has no content can not be opened",
      generations: ["v1.1"],
    },
    (record) => {
      const content = isFile(record) || (record.error === undefined && record.attribute !== undefined);
      const type = record.fileInfo === undefined ? "an error" : fileTypeOf(record.fileInfo.mode);
      requires(record.hasReader !== true || content, () => `${quote(record.pathname)} (${type}) has hasReader set`);
    },
  ),
];
