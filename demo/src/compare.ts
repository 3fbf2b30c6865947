import { constants, type BigIntStats } from "node:fs";
import { lstat, open, readdir, readlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

/** Reads the extended attributes of an entry, without following a symbolic link. */
export type AttributesOf = (path: string) => ReadonlyMap<string, Uint8Array>;

/** The features in which two trees must agree. */
export interface Expectations {
  /** v1.0 hosts never send FIFOs. */
  readonly fifos: boolean;
  /** v1.0 hosts never send the attributes of the top directory. */
  readonly attributesOfTop: boolean;
  /** Only root can restore owners. */
  readonly owners: boolean;
  /** Reads the extended attributes to compare. Default: they are not compared, because Node cannot read them. */
  readonly extendedAttributes?: AttributesOf | undefined;
}

/** Options of a comparison. */
export interface CompareOptions {
  /** Called with the number of entries that are done. */
  readonly onEntry?: ((count: number) => void) | undefined;
  /** Aborts the comparison. */
  readonly signal?: AbortSignal | undefined;
}

/** The result of a comparison. */
export interface Comparison {
  /** Number of entries of the source that were compared. */
  readonly compared: number;
  /** Entries that hosts do not restore: sockets and devices, and FIFOs on v1.0. */
  readonly leftOut: readonly string[];
  /** One line for each difference. */
  readonly differences: readonly string[];
}

/** Accepted difference of times: Node sets them in microseconds. */
const TIME_TOLERANCE_NS = 1_000n;

const BUFFER_BYTES = 256 * 1024;

/**
 * Compares two trees entry by entry, byte by byte: type, mode, time, owner, content,
 * link target, hard links. Changes neither of them. An entry that cannot be read
 * counts as a difference.
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
  /** The first name of every inode with several names, on each side. */
  readonly #sourceLinks = new Map<string, string>();
  readonly #resultLinks = new Map<string, string>();
  /** One buffer for each side. */
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
      // Sorted, so that the report is the same on every file system. Reversed, because `waiting` is a stack.
      for (const child of children.sort().reverse()) waiting.push(join(path, child));
      onEntry?.(this.compared + this.leftOut.length);
    }
  }

  async #tryEntry(path: string): Promise<string[]> {
    try {
      return await this.#compareEntry(path);
    } catch (error) {
      this.#differ(path, `cannot be compared: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  }

  /** @returns The names of the children to compare. */
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
      if (got !== undefined) this.#differ(path, "exists, though it cannot be restored");
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
      this.#differ(path, "has a different type");
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
    // The mode of a symbolic link has no meaning, and Linux cannot set it.
    if (!wanted.isSymbolicLink() && wanted.mode !== got.mode) {
      this.#differ(path, `has mode ${octal(got)}, expected ${octal(wanted)}`);
    }
    const late = got.mtimeNs - wanted.mtimeNs;
    if (late > TIME_TOLERANCE_NS || late < -TIME_TOLERANCE_NS)
      this.#differ(path, `has a time that is ${String(late)} ns off`);
    if (this.#expected.owners && (wanted.uid !== got.uid || wanted.gid !== got.gid)) {
      this.#differ(
        path,
        `has owner ${String(got.uid)}:${String(got.gid)}, expected ${String(wanted.uid)}:${String(wanted.gid)}`,
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
        this.#differ(path, `has a different value of the extended attribute ${JSON.stringify(name)}`);
    }
    for (const name of got.keys()) {
      if (!wanted.has(name))
        this.#differ(path, `has the extended attribute ${JSON.stringify(name)}, which is not in the source`);
    }
  }

  async #compareTargets(path: string, here: string, there: string): Promise<void> {
    const wanted = await readlink(here, "buffer");
    const got = await readlink(there, "buffer");
    if (!wanted.equals(got)) {
      this.#differ(path, `points to ${JSON.stringify(got.toString())}, expected ${JSON.stringify(wanted.toString())}`);
    }
  }

  /** Checks that exactly the names that share an inode in the source share one in the result. */
  #compareLinks(path: string, wanted: BigIntStats, got: BigIntStats): void {
    const first = firstName(this.#sourceLinks, path, wanted);
    const other = firstName(this.#resultLinks, path, got);
    if (first === other) return;
    if (other !== path) this.#differ(path, `is a hard link to ${JSON.stringify(other)}`);
    if (first !== path) this.#differ(path, `is not a hard link to ${JSON.stringify(first)}`);
  }

  async #compareContent(
    path: string,
    here: string,
    there: string,
    wanted: BigIntStats,
    got: BigIntStats,
  ): Promise<void> {
    if (wanted.size !== got.size) {
      this.#differ(path, `has ${String(got.size)} bytes, expected ${String(wanted.size)}`);
    } else if (!(await this.#haveSameContent(here, there))) {
      this.#differ(path, "has different content");
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

/** Reads until the buffer is full or the file ends: a single read may be short. */
async function fill(file: FileHandle, buffer: Buffer): Promise<Buffer> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
