import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
  type BigIntStats,
} from "node:fs";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Generation } from "@kloset/host";
import { loadExtendedAttributes } from "./extended-attributes.js";
import type { Progress } from "./progress.js";
import { removeTree } from "./remove-tree.js";
import { countSource, pluginFolder, resultIn, roundTrip, type RoundTrip } from "./round-trip.js";
import { extendedAttributes, fifos, isRoot, makeTree, pseudoRandom, sizes, socket, writeTo } from "./testing/tree.js";

const TIMEOUT_MS = 120_000;

let top = "";
let server: Server | undefined;
const attributesOf = loadExtendedAttributes(pluginFolder);

beforeAll(async () => {
  top = mkdtempSync(join(realpathSync(tmpdir()), "round-trip-"));
  server = await makeTree(join(top, "tree"));
}, TIMEOUT_MS);

afterAll(async () => {
  server?.close();
  await removeTree(top);
}, TIMEOUT_MS);

async function trip(generation: Generation, source: string): Promise<RoundTrip & { result: string }> {
  const work = mkdtempSync(join(top, "work-"));
  const counted = await countSource(source);
  const progress = (): Progress => ({ advance: () => undefined, end: () => undefined });
  const done = await roundTrip(generation, source, work, { counted, progress, extendedAttributes: attributesOf });
  return { ...done, result: resultIn(work) };
}

/** Returns the stats of all entries of a tree, including the top. */
function statsOf(tree: string): Map<string, BigIntStats> {
  const stats = new Map<string, BigIntStats>();
  const visit = (path: string): void => {
    const found = lstatSync(join(tree, path), { bigint: true });
    stats.set(path, found);
    if (found.isDirectory()) for (const name of readdirSync(join(tree, path))) visit(join(path, name));
  };
  visit(".");
  return stats;
}

describe.each(["v1.0", "v1.1"] as const)("a tree with every feature of a file system, on %s", (generation) => {
  let source = "";
  let before = new Map<string, BigIntStats>();
  let done: RoundTrip & { result: string };

  beforeAll(async () => {
    source = join(top, "tree");
    before = statsOf(source);
    done = await trip(generation, source);
  }, TIMEOUT_MS);

  it("is restored identically", () => {
    const leftOut = generation === "v1.0" ? [...fifos, socket] : [socket];
    expect({ errors: done.errors, differences: done.differences }).toEqual({ errors: [], differences: [] });
    expect([...done.leftOut].sort()).toEqual(leftOut.sort());
    // Counted independently of the comparison, so that skipped entries are noticed.
    expect(done.compared).toBe(before.size - leftOut.length);
    expect(done.compared).toBeGreaterThan(200);
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    expect(done.bytes).toBeGreaterThan(bytes);
  });

  it("has the same content, links and types in a direct check", () => {
    const at = (path: string): string => join(done.result, path);
    for (const size of sizes) expect(readFileSync(at(`sizes/${size}`)).equals(pseudoRandom(size))).toBe(true);
    const inodes = ["hard/a/first", "hard/a/second", "hard/b/third"].map((path) => lstatSync(at(path)).ino);
    expect(new Set(inodes).size).toBe(1);
    expect(inodes).not.toContain(lstatSync(at("hard/a/same content")).ino);
    expect(lstatSync(at("modes/file 7777")).mode & 0o7777).toBe(0o7777);
    expect(lstatSync(at("times/file -1.5"), { bigint: true }).mtimeNs).toBe(-1_500_000_000n);
    for (const fifo of fifos)
      expect(lstatSync(at(fifo), { throwIfNoEntry: false })?.isFIFO()).toBe(generation === "v1.1" ? true : undefined);
  });

  it(`restores ${generation === "v1.0" ? "no" : "the"} extended attributes`, () => {
    if (attributesOf === undefined) throw new Error("the native library next to the plugin is missing");
    for (const [path, name, value] of extendedAttributes) {
      const got = attributesOf(join(done.result, path)).get(name);
      const wanted = generation === "v1.0" ? undefined : value.toString("hex");
      expect([path, name, got && Buffer.from(got).toString("hex")]).toEqual([path, name, wanted]);
    }
  });

  it("leaves the source unchanged", () => {
    const comparable = (stats: Map<string, BigIntStats>): unknown[] =>
      [...stats].map(([path, { ino, mode, nlink, uid, gid, size, mtimeNs, ctimeNs }]) => [
        path,
        ino,
        mode,
        nlink,
        uid,
        gid,
        size,
        mtimeNs,
        ctimeNs,
      ]);
    expect(comparable(statsOf(source))).toEqual(comparable(before));
  });
});

describe.each(["v1.0", "v1.1"] as const)("an entry that cannot be backed up, on %s", (generation) => {
  it(
    "is reported, and the others are restored",
    async () => {
      const source = join(top, `unreadable ${generation}`);
      mkdirSync(source);
      writeTo(join(source, "good"), "good", 0o644);
      // Root may read everything, so use a name that is not UTF-8 there.
      const name = isRoot ? Buffer.from([0x62, 0xff]) : Buffer.from("bad");
      writeFileSync(Buffer.concat([Buffer.from(`${source}/`), name]), "bad", { mode: 0 });
      const { errors, differences, result } = await trip(generation, source);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toContain(isRoot ? "UTF-8" : "EACCES");
      expect(differences.length).toBeGreaterThan(0);
      expect(readdirSync(result)).toEqual(["good"]);
    },
    TIMEOUT_MS,
  );
});

it(
  "restores a nearly empty folder with an unusual name",
  async () => {
    const source = join(top, "a folder\n%20 ü #?");
    mkdirSync(source, { mode: 0o750 });
    writeTo(join(source, "only"), "", 0o600);
    for (const generation of ["v1.0", "v1.1"] as const) {
      expect(await trip(generation, source)).toMatchObject({
        compared: 2,
        bytes: 0,
        errors: [],
        differences: [],
        leftOut: [],
      });
    }
  },
  TIMEOUT_MS,
);
