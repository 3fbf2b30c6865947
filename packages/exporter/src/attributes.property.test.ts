import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { noticesOfEach } from "@kloset/test-support";
import { FakeExporter } from "./testing/fake-exporter.js";
import { runExport } from "./testing/hosts.js";
import { prefixOf, restoredPathname, restoreOf, SCANS, type Scan, type SnapshotEntry } from "./testing/snapshots.js";

// Fixed seed: the same cases in every run.
fc.configureGlobal({ seed: 20260401 });

// Attributes that are not certain are not set, and a notice says so.
noticesOfEach();

/** Completes a tree with its directories. Every value names its owner, or is shared by all. */
function snapshotOf(files: ReadonlyMap<string, readonly string[]>, shares: boolean): SnapshotEntry[] {
  const entries = new Map<string, SnapshotEntry>();
  const add = (pathname: string, names: readonly string[]): void => {
    const isParent = [...files.keys()].some((other) => other.startsWith(pathname === "/" ? "/" : `${pathname}/`));
    const attributes = Object.fromEntries(names.map((name) => [name, shares ? name : `${name} of ${pathname}`]));
    entries.set(pathname, { pathname, type: isParent ? "directory" : "file", attributes });
  };
  for (const [pathname, names] of files) {
    for (let at = pathname; ; at = at.slice(0, at.lastIndexOf("/"))) {
      add(at || "/", files.get(at || "/") ?? (at === pathname ? names : []));
      if (at === "" || at === "/") break;
    }
  }
  return [...entries.values()];
}

/** All attributes of a snapshot, by pathname and name. */
function attributesOf(entries: readonly SnapshotEntry[]): Map<string, string> {
  return new Map(
    entries.flatMap(({ pathname, attributes }) =>
      Object.entries(attributes).map(([name, value]): [string, string] => [`${pathname}\0${name}`, value]),
    ),
  );
}

/**
 * Returns the attributes that are certain from what the host sends: those on which all
 * prefixes agree that could have led to the same messages. Written without regard to
 * the implementation.
 */
function expectedOf(entries: readonly SnapshotEntry[], restored: SnapshotEntry, scan: Scan): Map<string, string> {
  const all = attributesOf(entries);
  const scanned = new Set(
    scan(
      entries.map(({ pathname }) => pathname),
      restored.pathname,
    ),
  );
  const sent = new Map([...all].filter(([key]) => scanned.has(key.split("\0")[0] ?? "")));
  const listed = new Set<string>();
  for (const { pathname, attributes } of entries) {
    const at = restoredPathname(pathname, restored);
    if (at !== undefined) for (const name of Object.keys(attributes)) listed.add(`${at}\0${name}`);
  }
  const name = restored.pathname.slice(restored.pathname.lastIndexOf("/") + 1);
  const joined = (prefix: string, key: string): string =>
    key.startsWith("/\0") && prefix !== "" ? prefix + key.slice(1) : prefix + key;
  const couldBe = (prefix: string): boolean => {
    if (restored.type === "directory" && prefix !== "" && !prefix.endsWith(`/${name}`)) return false;
    if (![...listed].every((key) => sent.has(joined(prefix, key)))) return false;
    if (restored.type === "file") return true;
    const below = [...sent.keys()].filter((key) => key.startsWith(`${prefix}/`) || key.startsWith(`${prefix}\0`));
    return below.length === listed.size;
  };
  const prefixes = [...new Set(entries.flatMap(({ pathname }) => [pathname === "/" ? "" : pathname]))].filter(couldBe);
  expect(listed.size === 0 || prefixes.includes(prefixOf(restored))).toBe(true);
  const expected = new Map<string, string>();
  for (const key of listed) {
    const values = new Set(prefixes.map((prefix) => sent.get(joined(prefix, key))));
    const [value] = values;
    if (value !== undefined && values.size === 1) expected.set(key, value);
  }
  return expected;
}

async function restore(entries: readonly SnapshotEntry[], restored: SnapshotEntry, scan: Scan) {
  const exporter = new FakeExporter();
  const { error, byPathname } = await runExport(exporter, restoreOf(entries, restored, scan));
  expect(error).toBeUndefined();
  expect(Object.values(byPathname).filter((text) => text !== "")).toEqual([]);
  const set = new Map<string, string>();
  for (const [pathname, { attributes }] of exporter.nodes) {
    for (const [name, value] of attributes) set.set(`${pathname}\0${name.replace("extended ", "")}`, value);
  }
  return set;
}

/** Compares a restore with the truth: no attribute may be wrong, and none that is certain may be lost. */
async function check(entries: readonly SnapshotEntry[], restored: SnapshotEntry, scan: Scan): Promise<void> {
  const set = await restore(entries, restored, scan);
  const all = attributesOf(entries);
  for (const [key, value] of set) {
    const [at = "", name = ""] = key.split("\0");
    const truth = all.get(`${prefixOf(restored) + (at === "/" ? "" : at) || "/"}\0${name}`);
    expect([key, value]).toEqual([key, truth]);
  }
  expect(set).toEqual(expectedOf(entries, restored, scan));
}

const NAMES = [[], ["x"], ["y"], ["x", "y"]] as const;

it("sets exactly the attributes that are certain, for random trees with nested copies", async () => {
  // Few names, so that many trees contain copies of themselves and of the restored pathname.
  const pathname = fc
    .array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 5 })
    .map((parts) => `/${parts.join("/")}`);
  const files = fc.array(fc.tuple(pathname, fc.constantFrom<readonly string[]>(...NAMES)), {
    minLength: 1,
    maxLength: 12,
  });
  const which = fc.nat({ max: 1000 });
  await fc.assert(
    fc.asyncProperty(files, fc.boolean(), which, fc.constantFrom(...SCANS), async (pairs, shares, index, scan) => {
      const entries = snapshotOf(new Map(pairs), shares);
      const restored = entries[index % entries.length];
      if (restored !== undefined) await check(entries, restored, scan);
    }),
    { numRuns: 1500 },
  );
});

it("sets exactly the attributes that are certain, for all small trees", async () => {
  const pathnames = ["/", "/a", "/a/a", "/a/a/a", "/b", "/b/a", "/a/b"];
  for (let mask = 0; mask < 2 ** pathnames.length; mask++) {
    const files = pathnames.map((pathname, bit): [string, string[]] => [pathname, (mask >> bit) & 1 ? ["x"] : []]);
    const entries = snapshotOf(new Map(files), false);
    const scans = SCANS.filter((_, index) => index === mask % SCANS.length);
    for (const restored of entries) for (const scan of scans) await check(entries, restored, scan);
  }
});

it("sets exactly the attributes that are certain, for a copy of the source at its own path", async () => {
  const copies = ["/home/me/docs/f", "/home/me/docs/home/me/docs/f", "/home/me/docs/home/me/docs/home/me/docs/f"];
  for (let mask = 0; mask < 2 ** copies.length; mask++) {
    const files = copies.map((pathname, bit): [string, string[]] => [pathname, (mask >> bit) & 1 ? ["user.k"] : []]);
    const entries = snapshotOf(new Map(files), false);
    for (const restored of entries) for (const scan of SCANS) await check(entries, restored, scan);
  }
});
