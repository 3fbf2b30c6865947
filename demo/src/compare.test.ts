import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { compareTrees, type Expectations } from "./compare.js";
import { removeTree } from "./remove-tree.js";
import { isRoot } from "./testing/tree.js";

const everything: Expectations = { fifos: true, attributesOfTop: true, owners: true };

let top = "";
let source = "";
let result = "";

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "compare-"));
  source = join(top, "source");
  result = join(top, "result");
  for (const tree of [source, result]) makeSmallTree(tree);
});

afterEach(async () => {
  await removeTree(top);
});

function makeSmallTree(tree: string): void {
  mkdirSync(join(tree, "directory"), { recursive: true });
  writeFileSync(join(tree, "file"), "content");
  writeFileSync(join(tree, "large"), Buffer.alloc(600_000, 7));
  writeFileSync(join(tree, "directory/a"), "linked");
  writeFileSync(join(tree, "directory/same"), "linked");
  linkSync(join(tree, "directory/a"), join(tree, "directory/b"));
  symlinkSync("file", join(tree, "link"));
  execFileSync("mkfifo", [join(tree, "fifo")]);
  // Set explicitly, because the umask may differ.
  for (const directory of [".", "directory"]) chmodSync(join(tree, directory), 0o755);
  for (const file of ["file", "large", "directory/a", "directory/same", "fifo"]) chmodSync(join(tree, file), 0o644);
  setTimes(tree);
}

/** Resets the times, which every other change modifies, so that only one difference remains. */
function setTimes(tree: string): void {
  lutimesSync(join(tree, "link"), 1_500_000_000, 1_500_000_000);
  for (const path of ["file", "large", "directory/a", "directory/same", "directory", "fifo", "."]) {
    if (existsSync(join(tree, path))) utimesSync(join(tree, path), 1_500_000_000, 1_500_000_000);
  }
}

async function differences(expected: Partial<Expectations> = {}): Promise<readonly string[]> {
  return (await compareTrees(source, result, { ...everything, ...expected })).differences;
}

it("reports no differences for equal trees", async () => {
  const counts: number[] = [];
  const comparison = await compareTrees(source, result, everything, { onEntry: (count) => counts.push(count) });
  expect(comparison).toEqual({ compared: 9, leftOut: [], differences: [] });
  expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

describe("reports", () => {
  const at = (path: string): string => join(result, path);
  const cases: [what: string, change: () => void, reported: readonly string[]][] = [
    [
      "a changed byte",
      () => {
        writeFileSync(at("file"), "c0ntent");
      },
      ['"file" has different content'],
    ],
    [
      "a changed last byte of a large file",
      () => {
        writeFileSync(at("large"), Buffer.concat([Buffer.alloc(599_999, 7), Buffer.from([8])]));
      },
      ['"large" has different content'],
    ],
    [
      "a truncated file",
      () => {
        writeFileSync(at("file"), "conten");
      },
      ['"file" has 6 bytes, expected 7'],
    ],
    [
      "the mode of a file",
      () => {
        chmodSync(at("file"), 0o4644);
      },
      ['"file" has mode 4644, expected 0644'],
    ],
    [
      "the mode of a directory",
      () => {
        chmodSync(at("directory"), 0o1755);
      },
      ['"directory" has mode 1755, expected 0755'],
    ],
    [
      "the mode of the top",
      () => {
        chmodSync(result, 0o700);
      },
      ['"." has mode 0700, expected 0755'],
    ],
    [
      "the mode of a FIFO",
      () => {
        chmodSync(at("fifo"), 0o600);
      },
      ['"fifo" has mode 0600, expected 0644'],
    ],
    [
      "a missing file",
      () => {
        rmSync(at("file"));
      },
      ['"file" is missing'],
    ],
    [
      "a missing directory, once",
      () => {
        rmSync(at("directory"), { recursive: true });
      },
      ['"directory" is missing'],
    ],
    [
      "a missing FIFO",
      () => {
        rmSync(at("fifo"));
      },
      ['"fifo" is missing'],
    ],
    [
      "an additional file",
      () => {
        writeFileSync(at("directory/extra"), "");
      },
      ['"directory/extra" is not in the source'],
    ],
    [
      "a broken hard link",
      () => {
        rmSync(at("directory/b"));
        writeFileSync(at("directory/b"), "linked");
        utimesSync(at("directory/b"), 1_500_000_000, 1_500_000_000);
      },
      ['"directory/b" is not a hard link to "directory/a"'],
    ],
    [
      "files that must not be linked",
      () => {
        rmSync(at("directory/same"));
        linkSync(at("directory/a"), at("directory/same"));
      },
      ['"directory/same" is a hard link to "directory/a"'],
    ],
    [
      "a hard link to the source itself",
      () => {
        rmSync(at("file"));
        linkSync(join(source, "file"), at("file"));
      },
      ['"file" is the source itself'],
    ],
    [
      "another target",
      () => {
        rmSync(at("link"));
        symlinkSync("large", at("link"));
      },
      ['"link" points to "large", expected "file"'],
    ],
    [
      "a link in place of a file",
      () => {
        renameSync(at("file"), at("directory/file"));
        symlinkSync("directory/file", at("file"));
        rmSync(at("directory/same"));
        renameSync(at("directory/file"), at("directory/same"));
      },
      ['"file" has a different type', '"directory/same" has 7 bytes, expected 6'],
    ],
    [
      "a file in place of a directory",
      () => {
        rmSync(at("directory"), { recursive: true });
        writeFileSync(at("directory"), "");
      },
      ['"directory" has a different type'],
    ],
  ];
  it.each(cases)("%s", async (_what, change, reported) => {
    change();
    setTimes(result);
    expect([...(await differences())].sort()).toEqual([...reported].sort());
  });

  it.each(["file", "directory", "fifo", "."])("the time of %s", async (path) => {
    utimesSync(at(path), 1_500_000_000, 1_500_000_000.000004);
    expect(await differences()).toEqual([expect.stringMatching(/ has a time that is \d+ ns off$/)]);
    utimesSync(at(path), 1_500_000_000, 1_499_999_999);
    expect(await differences()).toEqual([`${JSON.stringify(path)} has a time that is -1000000000 ns off`]);
  });

  it("the time of a link, not of its target", async () => {
    lutimesSync(at("link"), 1_500_000_000, 1_500_000_001);
    expect(await differences()).toEqual(['"link" has a time that is 1000000000 ns off']);
  });

  it("all of them, not only the first", async () => {
    writeFileSync(at("file"), "x");
    rmSync(at("link"));
    expect((await differences()).length).toBeGreaterThanOrEqual(3);
  });

  it("an entry that cannot be compared", async () => {
    rmSync(at("directory"), { recursive: true });
    symlinkSync("directory", at("directory"));
    rmSync(join(source, "directory"), { recursive: true });
    symlinkSync("directory", join(source, "directory"));
    const failing = (path: string): ReadonlyMap<string, Uint8Array> => {
      if (path.endsWith("file")) throw new Error("no access");
      return new Map();
    };
    expect(await differences({ extendedAttributes: failing })).toContain('"file" cannot be compared: no access');
  });
});

describe("extended attributes", () => {
  const attributes: Record<string, Record<string, string>> = {};
  const attributesOf = (path: string): ReadonlyMap<string, Uint8Array> =>
    new Map(
      Object.entries(attributes[path.slice(top.length + 1)] ?? {}).map(([name, value]) => [name, Buffer.from(value)]),
    );

  it("are compared by name and value if they can be read", async () => {
    attributes["source/file"] = { "user.same": "1", "user.changed": "1", "user.lost": "" };
    attributes["result/file"] = { "user.same": "1", "user.changed": "2" };
    attributes["result/directory"] = { "user.new": "1" };
    expect([...(await differences({ extendedAttributes: attributesOf }))].sort()).toEqual([
      '"directory" has the extended attribute "user.new", which is not in the source',
      '"file" has a different value of the extended attribute "user.changed"',
      '"file" lacks the extended attribute "user.lost"',
    ]);
    expect(await differences()).toEqual([]);
  });
});

describe("a generation that does not send everything", () => {
  it("leaves out FIFOs, and reports them as left out", async () => {
    rmSync(join(result, "fifo"));
    setTimes(result);
    const comparison = await compareTrees(source, result, { ...everything, fifos: false });
    expect(comparison).toEqual({ compared: 8, leftOut: ["fifo"], differences: [] });
  });

  it("reports a FIFO that exists in the result", async () => {
    expect(await differences({ fifos: false })).toEqual(['"fifo" exists, though it cannot be restored']);
  });

  it("leaves out the attributes of the top, but not its entries", async () => {
    chmodSync(result, 0o700);
    expect(await differences({ attributesOfTop: false })).toEqual([]);
    writeFileSync(join(result, "extra"), "");
    expect(await differences({ attributesOfTop: false })).toEqual(['"extra" is not in the source']);
  });

  it("compares owners if they can be restored", async () => {
    // Only root can change the owner.
    if (isRoot) execFileSync("chown", ["-h", "1:2", join(result, "link")]);
    expect(await differences()).toEqual(isRoot ? ['"link" has owner 1:2, expected 0:0'] : []);
    expect(await differences({ owners: false })).toEqual([]);
  });
});

it("throws the reason of an abort", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(compareTrees(source, result, everything, { signal })).rejects.toThrow("enough");
});
