import { fileURLToPath } from "node:url";

/** The kinds of work, as named in `interop/v1.1/cmd/bench`. */
type Work =
  | "records"
  | "import"
  | "export"
  | "put"
  | "get"
  | "ranges"
  | "merged"
  | "tree"
  | "backup"
  | "wide"
  | "list"
  | "restore"
  | "mixed";

/** A connector of the plugins. */
type Connector = "importer" | "exporter" | "storage";

/** One row of the comparison. */
export interface Row {
  /** The kind of work and the number of concurrent calls, as in `import-1k@8`. */
  readonly id: string;
  /** The title in reports. */
  readonly title: string;
  readonly connector: Connector;
  readonly work: Work;
  /** Files or calls: about 2 seconds of work for Go, and more where CPU time is compared, to outweigh the start-up. */
  readonly count: number;
  /** Bytes of each file or resource. */
  readonly size: number;
  /** The number of concurrent calls. */
  readonly calls: number;
  /**
   * True if `plugins/fs` does the work on the disk, in a new folder unless `folder` is set; false for the plugin with
   * synthetic files and a storage in memory.
   */
  readonly onDisk?: boolean;
  /** A folder on the disk that `plugins/fs` imports. */
  readonly folder?: string | undefined;
  /** The target for the median of ratios; undefined without a target. */
  readonly target?: number | undefined;
  /** True for bulk data: the CPU time must not exceed Go's. */
  readonly bulk: boolean;
  /** The limit for the peak of memory; undefined where the plugin keeps the data in memory. */
  readonly peakLimit?: number | undefined;
}

const KB = 1000;
const MB = KB * KB;
const KiB = 1024;
const MiB = KiB * KiB;
/** The size of Plakar's packfiles. */
const PACKFILE = 20 * MB;
/** Real files of all sizes that exist wherever the benchmark runs. */
const TREE = fileURLToPath(new URL("../../node_modules", import.meta.url));
const SMALL_TREE = fileURLToPath(new URL("../../interop", import.meta.url));
/** For every row except those of the storage in memory. */
const PEAK_LIMIT = 150 * MB;

const TINY_SHARE = 1 / 100;
/** Enough for a range of 4 MiB and a message of several chunks. */
const TINY_SIZE = 5 * MB;

/** A group of rows, one for each number of concurrent calls, with their targets. */
interface Kind extends Omit<Row, "id" | "calls" | "target" | "bulk" | "peakLimit"> {
  readonly name: string;
  readonly targets: Readonly<Record<number, number | undefined>>;
}

const kinds: readonly Kind[] = [
  {
    name: "records",
    title: "import, records only",
    connector: "importer",
    work: "records",
    count: 800_000,
    size: KiB,
    targets: { 8: 1.3 },
  },
  {
    name: "import-1k",
    title: "import, 1 KB files",
    connector: "importer",
    work: "import",
    count: 6000,
    size: KiB,
    targets: { 8: 4, 1: 2.5 },
  },
  {
    name: "import-10m",
    title: "import, 10 MB files",
    connector: "importer",
    work: "import",
    count: 300,
    size: 10 * MB,
    targets: { 8: 1, 1: 1 },
  },
  {
    name: "export-1k",
    title: "export, 1 KB files",
    connector: "exporter",
    work: "export",
    count: 150_000,
    size: KiB,
    targets: { 8: 1 },
  },
  {
    name: "export-10m",
    title: "export, 10 MB files",
    connector: "exporter",
    work: "export",
    count: 400,
    size: 10 * MB,
    targets: { 8: 1 },
  },
  {
    name: "put-10m",
    title: "store put, 10 MB",
    connector: "storage",
    work: "put",
    count: 300,
    size: 10 * MB,
    targets: { 8: 1, 1: 0.95 },
  },
  {
    name: "get-10m",
    title: "store get, 10 MB",
    connector: "storage",
    work: "get",
    count: 300,
    size: 10 * MB,
    targets: { 8: 1, 1: 0.95 },
  },
  {
    name: "put-100k",
    title: "store put, 100 KB",
    connector: "storage",
    work: "put",
    count: 6000,
    size: 100 * KB,
    targets: { 8: 1, 1: 1 },
  },
  {
    name: "get-100k",
    title: "store get, 100 KB",
    connector: "storage",
    work: "get",
    count: 4000,
    size: 100 * KB,
    targets: { 8: 1.2, 1: 1 },
  },
  {
    name: "ranges",
    title: "store get, ranges of 17 to 2,000 bytes",
    connector: "storage",
    work: "ranges",
    count: 20_000,
    size: 4 * MiB,
    targets: { 8: 1.5, 1: 2 },
  },
  {
    name: "merged-4m",
    title: "store get, ranges of 4 MiB",
    connector: "storage",
    work: "merged",
    count: 700,
    size: 8 * MiB,
    targets: { 8: 1 },
  },
  {
    name: "fs",
    title: "plugins/fs, a real tree",
    connector: "importer",
    work: "tree",
    count: 1,
    size: 0,
    onDisk: true,
    folder: TREE,
    targets: { 8: undefined, 1: undefined },
  },
  {
    name: "fs-backup-small",
    title: "plugins/fs backup, files of 0.5 to 4 KB",
    connector: "importer",
    work: "backup",
    count: 20_000,
    size: 4 * KiB,
    onDisk: true,
    targets: { 8: 2 },
  },
  {
    name: "fs-restore-small",
    title: "plugins/fs restore, files of 0.5 to 4 KB",
    connector: "exporter",
    work: "restore",
    count: 20_000,
    size: 4 * KiB,
    onDisk: true,
    targets: { 8: 1.2 },
  },
  {
    name: "fs-restore-large",
    title: "plugins/fs restore, 20 MB files",
    connector: "exporter",
    work: "restore",
    count: 12,
    size: PACKFILE,
    onDisk: true,
    targets: { 8: 1 },
  },
  {
    name: "fs-restore-mixed",
    title: "plugins/fs restore, files, links and attributes",
    connector: "exporter",
    work: "mixed",
    count: 8000,
    size: 4 * KiB,
    onDisk: true,
    targets: { 8: undefined },
  },
  {
    name: "fs-put",
    title: "plugins/fs put, 20 MB",
    connector: "storage",
    work: "put",
    count: 64,
    size: PACKFILE,
    onDisk: true,
    targets: { 8: 1, 1: 1 },
  },
  {
    name: "fs-get",
    title: "plugins/fs get, 20 MB",
    connector: "storage",
    work: "get",
    count: 96,
    size: PACKFILE,
    onDisk: true,
    targets: { 8: 1, 1: 1 },
  },
  {
    name: "fs-ranges",
    title: "plugins/fs get, ranges of 17 to 2,000 bytes",
    connector: "storage",
    work: "ranges",
    count: 20_000,
    size: PACKFILE,
    onDisk: true,
    targets: { 8: 1, 1: 1 },
  },
  {
    name: "fs-wide",
    title: "plugins/fs get, ranges of 2 to 4 MiB",
    connector: "storage",
    work: "wide",
    count: 700,
    size: PACKFILE,
    onDisk: true,
    targets: { 8: 1, 1: 1 },
  },
  {
    name: "fs-list",
    title: "plugins/fs list",
    connector: "storage",
    work: "list",
    count: 100_000,
    size: 0,
    onDisk: true,
    targets: { 1: undefined },
  },
];

/** All rows, those with 8 concurrent calls before those with one. */
export const rows: readonly Row[] = kinds.flatMap(({ name, targets, ...kind }) =>
  Object.entries(targets)
    .map(([calls, target]) => ({
      ...kind,
      id: `${name}@${calls}`,
      calls: Number(calls),
      target,
      bulk: kind.size === 10 * MB,
      ...(kind.connector === "storage" ? {} : { peakLimit: PEAK_LIMIT }),
    }))
    .reverse(),
);

/**
 * Returns the rows whose id begins with an item of a list such as `import,put-10m@1`.
 *
 * @throws Error for an item without a row.
 */
export function rowsNamed(text: string): Row[] {
  const prefixes = text.split(",").map((item) => item.trim());
  for (const prefix of prefixes) {
    if (prefix === "" || !rows.some(({ id }) => id.startsWith(prefix))) {
      throw new Error(`no row begins with ${JSON.stringify(prefix)}; there are ${rows.map(({ id }) => id).join(", ")}`);
    }
  }
  return rows.filter(({ id }) => prefixes.some((prefix) => id.startsWith(prefix)));
}

/** Returns the row with a share of its files or calls. A row that imports a folder is unchanged. */
export function shortened(row: Row, share: number): Row {
  return row.folder === undefined ? { ...row, count: Math.max(row.calls, 2, Math.round(row.count * share)) } : row;
}

/** Returns the row with a minimum of work. */
export function tiny(row: Row): Row {
  const short = shortened(row, TINY_SHARE);
  if (row.folder !== undefined) return { ...short, folder: SMALL_TREE };
  return row.onDisk === true ? { ...short, size: Math.min(row.size, TINY_SIZE) } : short;
}
