import { constants, type BigIntStats } from "node:fs";
import { lstat, open, readdir, readlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

/** Reads the extended attributes of an entry, never those of a link's target. */
export type AttributesOf = (path: string) => ReadonlyMap<string, Uint8Array>;

/** How exactly two trees are expected to agree. */
export interface Expectations {
  /** v1.0 hosts never send FIFOs. */
  readonly fifos: boolean;
  /** v1.0 hosts never send the attributes of the top directory. */
  readonly attributesOfTop: boolean;
  /** Owners can be restored by root only. */
  readonly owners: boolean;
  /** Reads the extended attributes that are compared. None are by default: Node can not read them. */
  readonly extendedAttributes?: AttributesOf | undefined;
}

/** How a comparison is run. */
export interface CompareOptions {
  /** Told how many entries are done. */
  readonly onEntry?: ((count: number) => void) | undefined;
  /** Aborts the comparison. */
  readonly signal?: AbortSignal | undefined;
}

/** What a comparison found. */
export interface Comparison {
  /** Entries of the source that were compared. */
  readonly compared: number;
  /** Entries that no host has restored: sockets and devices, and FIFOs on v1.0. */
  readonly leftOut: readonly string[];
  /** One line for each difference. */
  readonly differences: readonly string[];
}

/** Times agree within this: Node sets them in microseconds. */
const TIME_TOLERANCE_NS = 1_000n;

const BUFFER_BYTES = 256 * 1024;

/**
 * Compares two trees, entry by entry, byte for byte: type, mode, time, owner,
 * content, target, hard links. Nothing of either is changed. An entry that can
 * not be read counts as a difference.
 */
export async function compareTrees(
  source: string,
  result: string,
  expected: Expectations,
  options: CompareOptions = {},
): Promise<Comparison> {
  const comparer = new Comparer(source, result, expected);
  await comparer.compareAll(options);
  const { compared, leftOut, differences } = comparer;
  return { compared, leftOut, differences };
}

class Comparer {
  compared = 0;
  readonly leftOut: string[] = [];
  readonly differences: string[] = [];
  readonly #source: string;
  readonly #result: string;
  readonly #expected: Expectations;
  /** The first name of every inode with several, on either side. */
  readonly #sourceLinks = new Map<string, string>();
  readonly #resultLinks = new Map<string, string>();
  /** For one file of each side. */
  readonly #buffers = [Buffer.allocUnsafe(BUFFER_BYTES), Buffer.allocUnsafe(BUFFER_BYTES)] as const;

  constructor(source: string, result: string, expected: Expectations) {
    this.#source = source;
    this.#result = result;
    this.#expected = expected;
  }

  async compareAll({ onEntry, signal }: CompareOptions): Promise<void> {
    const waiting = ["."];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      signal?.throwIfAborted();
      const children = await this.#tryEntry(path);
      // By name, so that the report is the same on every file system. The last one is taken next.
      for (const child of children.sort().reverse()) waiting.push(join(path, child));
      onEntry?.(this.compared + this.leftOut.length);
    }
  }

  async #tryEntry(path: string): Promise<string[]> {
    try {
      return await this.#compareEntry(path);
    } catch (error) {
      this.#differ(path, `can not be compared: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  }

  /** @returns Names to go on with. */
  async #compareEntry(path: string): Promise<string[]> {
    const here = join(this.#source, path);
    const there = join(this.#result, path);
    const wanted = await lstat(here, { bigint: true });
    const got = await lstat(there, { bigint: true }).catch(undefinedIfAbsent);
    if (
      wanted.isSocket() ||
      wanted.isCharacterDevice() ||
      wanted.isBlockDevice() ||
      (wanted.isFIFO() && !this.#expected.fifos)
    ) {
      this.leftOut.push(path);
      if (got !== undefined) this.#differ(path, "is there, though it can not be restored");
      return [];
    }
    this.compared++;
    if (got === undefined) {
      this.#differ(path, "is missing");
      return [];
    }
    if (wanted.ino === got.ino && wanted.dev === got.dev) {
      this.#differ(path, "is the source itself");
      return [];
    }
    if (typeOf(wanted) !== typeOf(got)) {
      this.#differ(path, "is of another type");
      return [];
    }
    this.#compareAttributes(path, wanted, got);
    this.#compareExtendedAttributes(path, here, there);
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
    if (late > TIME_TOLERANCE_NS || late < -TIME_TOLERANCE_NS)
      this.#differ(path, `has a time that is ${String(late)} ns off`);
    if (this.#expected.owners && (wanted.uid !== got.uid || wanted.gid !== got.gid)) {
      this.#differ(
        path,
        `has owner ${String(got.uid)}:${String(got.gid)} in place of ${String(wanted.uid)}:${String(wanted.gid)}`,
      );
    }
  }

  #compareExtendedAttributes(path: string, here: string, there: string): void {
    if (this.#expected.extendedAttributes === undefined) return;
    const wanted = this.#expected.extendedAttributes(here);
    const got = this.#expected.extendedAttributes(there);
    for (const [name, value] of wanted) {
      const other = got.get(name);
      if (other === undefined) this.#differ(path, `lacks the extended attribute ${JSON.stringify(name)}`);
      else if (Buffer.compare(value, other) !== 0)
        this.#differ(path, `has another value of the extended attribute ${JSON.stringify(name)}`);
    }
    for (const name of got.keys()) {
      if (!wanted.has(name))
        this.#differ(path, `has the extended attribute ${JSON.stringify(name)}, which the source has not`);
    }
  }

  async #compareTargets(path: string, here: string, there: string): Promise<void> {
    const wanted = await readlink(here, "buffer");
    const got = await readlink(there, "buffer");
    if (!wanted.equals(got)) {
      this.#differ(
        path,
        `points to ${JSON.stringify(got.toString())} in place of ${JSON.stringify(wanted.toString())}`,
      );
    }
  }

  /** Names that are one file in the source must be one file in the result, and no others. */
  #compareLinks(path: string, wanted: BigIntStats, got: BigIntStats): void {
    const first = firstName(this.#sourceLinks, path, wanted);
    const other = firstName(this.#resultLinks, path, got);
    if (first === other) return;
    if (other !== path) this.#differ(path, `is a hard link to ${JSON.stringify(other)}`);
    if (first !== path) this.#differ(path, `is no hard link to ${JSON.stringify(first)}`);
  }

  async #compareContent(
    path: string,
    here: string,
    there: string,
    wanted: BigIntStats,
    got: BigIntStats,
  ): Promise<void> {
    if (wanted.size !== got.size) {
      this.#differ(path, `has ${String(got.size)} bytes in place of ${String(wanted.size)}`);
    } else if (!(await this.#haveSameContent(here, there))) {
      this.#differ(path, "has other content");
    }
  }

  async #haveSameContent(here: string, there: string): Promise<boolean> {
    const wanted = await open(here, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const got = await open(there, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        for (;;) {
          const [one, other] = await Promise.all([fill(wanted, this.#buffers[0]), fill(got, this.#buffers[1])]);
          if (!one.equals(other)) return false;
          if (one.length < BUFFER_BYTES) return true;
        }
      } finally {
        await got.close();
      }
    } finally {
      await wanted.close();
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

function undefinedIfAbsent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

function typeOf(stats: BigIntStats): bigint {
  return stats.mode & BigInt(constants.S_IFMT);
}

function octal(stats: BigIntStats): string {
  return (Number(stats.mode) & 0o7777).toString(8).padStart(4, "0");
}

/** Reads until the buffer is full or the file is at its end: one read may give less than there is. */
async function fill(file: FileHandle, buffer: Buffer): Promise<Buffer> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
