import { createHash } from "node:crypto";
import { constants, type BigIntStats } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";

/** How exactly two trees are expected to agree. */
export interface Expectations {
  /** v1.0 hosts never send FIFOs. */
  readonly fifos: boolean;
  /** v1.0 hosts never send the attributes of the top directory. */
  readonly attributesOfTop: boolean;
  /** Owners can be restored by root only. */
  readonly owners: boolean;
}

/** What a comparison found. */
export interface Comparison {
  /** Entries of the source that were compared. */
  readonly compared: number;
  /** Entries that no generation of the wire can carry: sockets and devices. */
  readonly leftOut: readonly string[];
  /** One line for each difference. */
  readonly differences: readonly string[];
}

/** Times agree within this: Node sets them in microseconds. */
const TIME_TOLERANCE_NS = 1_000n;

/** Compares two trees, entry by entry, byte for byte. Nothing of either is changed. */
export async function compareTrees(source: string, result: string, expected: Expectations): Promise<Comparison> {
  const comparer = new Comparer(source, result, expected);
  await comparer.compareAll();
  return comparer;
}

class Comparer implements Comparison {
  compared = 0;
  readonly leftOut: string[] = [];
  readonly differences: string[] = [];
  readonly #source: string;
  readonly #result: string;
  readonly #expected: Expectations;
  /** The first name of every inode with several, on either side. */
  readonly #sourceLinks = new Map<string, string>();
  readonly #resultLinks = new Map<string, string>();

  constructor(source: string, result: string, expected: Expectations) {
    this.#source = source;
    this.#result = result;
    this.#expected = expected;
  }

  async compareAll(): Promise<void> {
    const waiting = ["."];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const children = await this.#compareEntry(path);
      for (const child of children) waiting.push(join(path, child));
    }
  }

  /** @returns Names to go on with. */
  async #compareEntry(path: string): Promise<string[]> {
    const here = join(this.#source, path);
    const there = join(this.#result, path);
    const wanted = await lstat(here, { bigint: true });
    if (wanted.isSocket() || wanted.isCharacterDevice() || wanted.isBlockDevice()) {
      this.leftOut.push(path);
      return [];
    }
    if (wanted.isFIFO() && !this.#expected.fifos) {
      this.leftOut.push(path);
      return [];
    }
    this.compared++;
    const got = await lstat(there, { bigint: true }).catch(() => undefined);
    if (got === undefined) {
      this.#differ(path, "is missing");
      return [];
    }
    if ((wanted.mode & BigInt(constants.S_IFMT)) !== (got.mode & BigInt(constants.S_IFMT))) {
      this.#differ(path, "is of another type");
      return [];
    }
    this.#compareAttributes(path, wanted, got);
    if (wanted.isSymbolicLink()) await this.#compareTargets(path, here, there);
    if (wanted.isFile()) {
      this.#compareLinks(path, wanted, got);
      await this.#compareContent(path, here, there, wanted, got);
    }
    return wanted.isDirectory() ? this.#compareNames(path, here, there) : [];
  }

  #compareAttributes(path: string, wanted: BigIntStats, got: BigIntStats): void {
    if (path === "." && !this.#expected.attributesOfTop) return;
    // The mode of a symbolic link means nothing, and Linux can not set it.
    if (!wanted.isSymbolicLink() && wanted.mode !== got.mode) {
      this.#differ(path, `has mode ${octal(got)} in place of ${octal(wanted)}`);
    }
    const late = got.mtimeNs - wanted.mtimeNs;
    if (late > TIME_TOLERANCE_NS || late < -TIME_TOLERANCE_NS) this.#differ(path, `has a time that is ${String(late)} ns off`);
    if (this.#expected.owners && (wanted.uid !== got.uid || wanted.gid !== got.gid)) {
      this.#differ(path, `has owner ${String(got.uid)}:${String(got.gid)} in place of ${String(wanted.uid)}:${String(wanted.gid)}`);
    }
  }

  async #compareTargets(path: string, here: string, there: string): Promise<void> {
    const wanted = await readlink(here, "buffer");
    const got = await readlink(there, "buffer");
    if (!wanted.equals(got)) this.#differ(path, `points to ${JSON.stringify(got.toString())}`);
  }

  /** Names that are one file in the source must be one file in the result, and no others. */
  #compareLinks(path: string, wanted: BigIntStats, got: BigIntStats): void {
    const first = firstName(this.#sourceLinks, path, wanted);
    const other = firstName(this.#resultLinks, path, got);
    if (first !== other) this.#differ(path, first === path ? `is a hard link to ${other}` : `is no hard link to ${first}`);
  }

  async #compareContent(path: string, here: string, there: string, wanted: BigIntStats, got: BigIntStats): Promise<void> {
    if (wanted.size !== got.size) {
      this.#differ(path, `has ${String(got.size)} bytes in place of ${String(wanted.size)}`);
    } else if ((await digestOf(here)) !== (await digestOf(there))) {
      this.#differ(path, "has other content");
    }
  }

  async #compareNames(path: string, here: string, there: string): Promise<string[]> {
    const wanted = await readdir(here);
    const names = new Set(wanted);
    for (const name of await readdir(there)) {
      if (!names.has(name)) this.#differ(join(path, name), "is not in the source");
    }
    return wanted;
  }

  #differ(path: string, how: string): void {
    this.differences.push(`${JSON.stringify(path)} ${how}`);
  }
}

function firstName(links: Map<string, string>, path: string, stats: BigIntStats): string {
  if (stats.nlink < 2n) return path;
  const key = `${String(stats.dev)}:${String(stats.ino)}`;
  const first = links.get(key) ?? path;
  links.set(key, first);
  return first;
}

function octal(stats: BigIntStats): string {
  return (Number(stats.mode) & 0o7777).toString(8).padStart(4, "0");
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}
