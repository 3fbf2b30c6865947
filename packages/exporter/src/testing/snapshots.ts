import { directory, file, attribute, listing, type Request } from "./records.js";

/** An entry of a snapshot. Files contain their pathname. */
export interface SnapshotEntry {
  readonly pathname: string;
  readonly type: "directory" | "file";
  /** Values by name. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Selects the attributes that a host sends, by pathname and in order. Released hosts scan in the order of a tree. */
export type Scan = (pathnames: readonly string[], restored: string) => readonly string[];

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byDepth = (a: string, b: string): number => a.split("/").length - b.split("/").length || byText(a, b);
const from =
  (compare: (a: string, b: string) => number): Scan =>
  (pathnames, restored) =>
    pathnames.filter((pathname) => compare(pathname, restored) >= 0).sort(compare);
const all: Scan = (pathnames) => [...pathnames].sort(byText);

/** The orders in which hosts may send attributes: from the restored entry on, as text or by depth, or all of them. */
export const SCANS = [from(byText), from(byDepth), all] as const;

/** Returns the prefix that hosts strip from the pathnames of entries, and not from those of attributes. */
export function prefixOf({ pathname, type }: SnapshotEntry): string {
  if (type === "file") return pathname.slice(0, pathname.lastIndexOf("/"));
  return pathname === "/" ? "" : pathname;
}

/** Returns the pathname of an entry as the host sends it; undefined if it is outside of the restored entry. */
export function restoredPathname(pathname: string, restored: SnapshotEntry): string | undefined {
  const top = restored.pathname === "/" ? "" : restored.pathname;
  if (pathname !== restored.pathname && !pathname.startsWith(`${top}/`)) return undefined;
  return pathname.slice(prefixOf(restored).length) || "/";
}

/** Creates the messages of a host that restores a part of a snapshot as kloset 1.1.4 does. */
export function restoreOf(entries: readonly SnapshotEntry[], restored: SnapshotEntry, scan: Scan): Request[] {
  const sorted = [...entries].sort((a, b) => byText(a.pathname, b.pathname));
  const requests: Request[] =
    restored.type === "file" ? [directory("/", { permissions: 0o700, nlink: 0, modTime: new Date() })] : [];
  for (const { pathname, type, attributes } of sorted) {
    const at = restoredPathname(pathname, restored);
    if (at === undefined) continue;
    // Hosts name the record of "/" like the directory of the snapshot.
    const name = pathname.slice(pathname.lastIndexOf("/") + 1) || "/";
    const records = type === "file" ? file(at, pathname) : [directory(at, {}, name)];
    requests.push(...listing(records, ...Object.keys(attributes)));
  }
  const attributesOf = new Map(entries.map(({ pathname, attributes }) => [pathname, attributes]));
  for (const pathname of scan([...attributesOf.keys()], restored.pathname)) {
    for (const [name, value] of Object.entries(attributesOf.get(pathname) ?? {}))
      requests.push(...attribute(pathname, name, value));
  }
  return requests;
}
