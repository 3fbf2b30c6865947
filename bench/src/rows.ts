import { fileURLToPath } from "node:url";

/** What the host has a plugin do: the names of `interop/v1.1/cmd/bench`. */
export type Work = "records" | "import" | "export" | "put" | "get" | "ranges" | "tree";

/** A connector of the plugins. */
export type Connector = "importer" | "exporter" | "storage";

/** One line of the comparison. */
export interface Row {
  /** As `import-1k@8`: what is done, and how many calls at once. */
  readonly id: string;
  /** For people. */
  readonly title: string;
  readonly connector: Connector;
  readonly work: Work;
  /** Files, or calls: about 2 seconds for Go, and more where CPU is compared, so that a plugin's first moments count for little. */
  readonly count: number;
  /** Bytes of each file or resource. */
  readonly size: number;
  /** Calls at once. */
  readonly calls: number;
  /** Set where `plugins/fs` imports a folder that is on the disk, in place of made-up files. */
  readonly folder?: string | undefined;
  /** What the median of ratios must reach; undefined where nothing was promised. */
  readonly target?: number | undefined;
  /** Where data flows for long: CPU must not be above Go's. */
  readonly bulk: boolean;
  /** What the peak of memory must stay below; undefined where the plugin keeps what it is given. */
  readonly peakLimit?: number | undefined;
}

const KB = 1000;
const MB = KB * KB;
const KiB = 1024;
const MiB = KiB * KiB;
/** Real files of all sizes that everybody has who can run this. */
const TREE = fileURLToPath(new URL("../../node_modules", import.meta.url));
const SMALL_TREE = fileURLToPath(new URL("../../interop", import.meta.url));
/** Of every row but those of the storage in memory. */
const PEAK_LIMIT = 150 * MB;

const TINY_SHARE = 1 / 100;

/** A row for each number of calls at once, with its target. */
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
    name: "fs",
    title: "plugins/fs, a real tree",
    connector: "importer",
    work: "tree",
    count: 1,
    size: 0,
    folder: TREE,
    targets: { 8: undefined, 1: undefined },
  },
];

/** Every row, those of 8 calls at once before those of one. */
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
 * The rows of a list as `import,put-10m@1`: of each word, all rows whose id begins with it.
 *
 * @throws Error for a word that no row begins with.
 */
export function rowsNamed(text: string): Row[] {
  const words = text.split(",").map((word) => word.trim());
  for (const word of words) {
    if (word === "" || !rows.some(({ id }) => id.startsWith(word))) {
      throw new Error(`no row begins with ${JSON.stringify(word)}; there are ${rows.map(({ id }) => id).join(", ")}`);
    }
  }
  return rows.filter(({ id }) => words.some((word) => id.startsWith(word)));
}

/** The same row with less to do: a share of the files or calls. A folder stays as it is. */
export function shortened(row: Row, share: number): Row {
  return row.folder === undefined ? { ...row, count: Math.max(row.calls, 2, Math.round(row.count * share)) } : row;
}

/** The same row with hardly anything to do. */
export function tiny(row: Row): Row {
  const short = shortened(row, TINY_SHARE);
  return row.folder === undefined ? short : { ...short, folder: SMALL_TREE };
}
