import { describe, expect, it } from "@jest/globals";
import { PluginError, type ScannedRecord } from "@kloset/host";
import { fileInfoOf } from "@kloset/model";
import { CliError } from "../exit-code.js";
import { addRecord, compareRecords, emptyRecordSet, type RecordSet } from "./records.js";
import { jsonOf, textOf, type DevEvent } from "./report.js";
import { DevSession, type DevSteps } from "./session.js";

const LIMIT = 20;

function record(pathname: string, changes: Partial<ScannedRecord> = {}): ScannedRecord {
  const fileInfo = fileInfoOf({ name: pathname.slice(1), size: 1, modTime: 1_500_000_000_123_456_789n });
  const common = { target: "", attribute: undefined, extendedAttributes: [], fileAttributes: 0, error: undefined };
  return { pathname, fileInfo, ...common, ...changes };
}

function setOf(...records: readonly ScannedRecord[]): RecordSet {
  const set = emptyRecordSet();
  for (const each of records) addRecord(set, each);
  return set;
}

function sized(pathname: string, size: number | undefined): ScannedRecord {
  const plain = fileInfoOf({ name: pathname.slice(1), size });
  return record(pathname, { fileInfo: plain });
}

describe("compareRecords", () => {
  it("yields what was added, changed and removed", () => {
    const before = setOf(record("/same"), sized("/changed", 1), record("/gone"));
    const after = setOf(record("/same"), sized("/changed", undefined), record("/new"));
    const changes = [...compareRecords(before, after)];
    expect(changes.map(({ kind, key }) => `${kind} ${key}`)).toEqual([
      "changed /changed",
      "added /new",
      "removed /gone",
    ]);
    expect(changes[0]?.fields).toEqual({ size: ["1", "unknown"] });
    expect(changes[1]?.fields).toMatchObject({
      name: [undefined, "new"],
      mode: [undefined, "file 0644"],
      modTime: [undefined, "2017-07-14T02:40:00.123456789Z"],
    });
  });

  it("notices every field, to the nanosecond and to the bit", () => {
    const plain = record("/a");
    const info = plain.fileInfo ?? fileInfoOf({});
    const variants: Partial<ScannedRecord>[] = [
      { target: "/b" },
      { extendedAttributes: ["user.a"] },
      { fileAttributes: 1 },
      { fileInfo: undefined, error: "no access" },
      ...[
        { modTime: info.modTime + 1n },
        { modTime: -1n },
        { modTime: 2n ** 63n - 1n },
        { mode: (info.mode | 0x4000_0000) >>> 0 },
        { dev: info.dev + 1n },
        { ino: 2n ** 64n - 1n },
        { uid: info.uid + 1 },
        { gid: info.gid + 1 },
        { nlink: 7 },
        { username: "me" },
        { groupname: "us" },
        { flags: 1 },
        { name: "b" },
      ].map((change) => ({ fileInfo: { ...info, ...change } })),
    ];
    for (const variant of variants)
      expect([...compareRecords(setOf(plain), setOf(record("/a", variant)))]).toHaveLength(1);
    expect([...compareRecords(setOf(plain), setOf(record("/a")))]).toEqual([]);
  });

  it("tells a file from its extended attributes", () => {
    const attribute = record("/a", { fileInfo: undefined, attribute: { kind: "extended", name: "user.color" } });
    expect([...compareRecords(setOf(record("/a")), setOf(record("/a"), attribute))].map(({ key }) => key)).toEqual([
      "/a [extended: user.color]",
    ]);
  });

  it("reports no record as added or removed if it does not hold all of them", () => {
    const [before, after] = [emptyRecordSet(), emptyRecordSet()];
    for (const path of ["/a", "/b", "/c"]) addRecord(before, sized(path, 1), 2);
    for (const path of ["/c", "/b", "/a"]) addRecord(after, sized(path, 2), 2);
    expect([...compareRecords(before, after)].map(({ kind, key }) => `${kind} ${key}`)).toEqual(["changed /b"]);
    expect(textOf({ event: "scan", before, after }, LIMIT)).toContain("compared the first 2 records only");
  });
});

describe("DevSession", () => {
  it("reports the difference to the last scan that succeeded, past faults in the sources and the plugin", async () => {
    const events: DevEvent[] = [];
    const builds = ["1", new CliError("cannot bundle: line 3"), "2", "3", "3"];
    const runs = [
      setOf(record("/a")),
      new PluginError("no access", 2, "/importer.Importer/Init"),
      setOf(record("/a"), record("/b")),
    ];
    const session = new DevSession("importer", {
      build: () => settle(builds, (digest) => ({ digest, bundles: [] })),
      run: () => settle(runs, (records) => ({ records })),
      report: (event) => void events.push(event),
    });
    for (let cycle = 0; cycle < 5; cycle++) await session.cycle(new AbortController().signal);
    expect(events.map((event) => textOf(event, LIMIT).trimEnd().split("\n"))).toEqual([
      ["1 record, 0 errors, 1 byte", "  + /a  file 0644, size 1"],
      ["cannot bundle: line 3", "waiting for a change; the last build stays"],
      ["the plugin failed: no access"],
      ["2 records, 0 errors, 2 bytes; 1 added, 0 removed, 0 changed", "  + /b  file 0644, size 1"],
      ["the bundle has not changed"],
    ]);
  });

  it("repeats a run that failed although the bundle is the same", async () => {
    const runs = [new PluginError("no access", 2, "/importer.Importer/Init"), setOf()];
    const session = new DevSession("importer", {
      build: () => Promise.resolve({ digest: "1", bundles: [] }),
      run: () => settle(runs, (records) => ({ records })),
      report: () => undefined,
    });
    for (let cycle = 0; cycle < 3; cycle++) await session.cycle(new AbortController().signal);
    expect(runs).toEqual([]);
  });

  it("throws the reason of a cancelled run, and keeps the last records", async () => {
    const events: DevEvent[] = [];
    let cancel: AbortController | undefined = new AbortController();
    const session = new DevSession("importer", {
      build: () => Promise.resolve({ digest: "1", bundles: [] }),
      run: () => {
        cancel?.abort(new Error("changed"));
        return Promise.resolve({ records: setOf(record("/half")) });
      },
      report: (event) => void events.push(event),
    });
    await expect(session.cycle(cancel.signal)).rejects.toThrow("changed");
    cancel = undefined;
    expect(events).toEqual([]);
    await session.cycle(new AbortController().signal);
    expect(events).toMatchObject([{ event: "scan", before: undefined }]);
  });

  it("throws errors that are not the author's", async () => {
    const steps: DevSteps = {
      build: () => Promise.reject(new TypeError("a fault of kloset")),
      report: () => undefined,
    };
    await expect(new DevSession("importer", steps).cycle(new AbortController().signal)).rejects.toThrow("of kloset");
  });
});

describe("the report", () => {
  const many = setOf(...Array.from({ length: 100 }, (_, index) => record(`/${index}`)));

  it("shows at most as many records as asked for", () => {
    const lines = textOf({ event: "scan", before: undefined, after: many }, 3).trimEnd().split("\n");
    expect(lines).toHaveLength(5);
    expect(lines.at(-1)).toBe("  … and 97 more");
    expect(jsonOf({ event: "scan", before: undefined, after: many }, 3).trimEnd().split("\n")).toHaveLength(4);
  });

  it("prints JSON Lines", () => {
    const event = { event: "scan", before: setOf(sized("/a", 1)), after: setOf(sized("/a", 2)) } as const;
    expect(
      jsonOf(event, LIMIT)
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      {
        event: "scan",
        records: 1,
        errors: 0,
        bytes: 2,
        duplicates: 0,
        added: 0,
        removed: 0,
        changed: 1,
        isPartial: false,
      },
      { event: "changed", record: "/a", fields: { size: ["1", "2"] } },
    ]);
  });

  it("says that nothing has changed, and reports errors and repeated pathnames", () => {
    const failed = record("/x", { fileInfo: undefined, error: "no access" });
    const set = setOf(record("/a"), failed, record("/a"));
    expect(textOf({ event: "scan", before: set, after: set }, LIMIT)).toBe(
      "3 records, 1 error, 2 bytes; no record has changed\n" + "  pathnames that repeat: 1; Plakar 1.0 fails on them\n",
    );
    expect(textOf({ event: "scan", before: undefined, after: set }, LIMIT)).toContain("+ /x  error no access");
  });

  it("escapes control characters in pathnames", () => {
    const after = setOf(record("/\u001b[2J\n"));
    expect(textOf({ event: "scan", before: undefined, after }, LIMIT)).toContain('+ "/\\u001b[2J\\n"  file');
  });
});

/** Takes the next outcome: an error rejects. */
function settle<T, R>(outcomes: T[], result: (outcome: Exclude<T, Error>) => R): Promise<R> {
  const next = outcomes.shift();
  if (next === undefined) return Promise.reject(new TypeError("no further outcome"));
  return next instanceof Error ? Promise.reject(next) : Promise.resolve(result(next as Exclude<T, Error>));
}
