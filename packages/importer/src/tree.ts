import { abortError, fileInfoToWire, noticeOnce, PathnameMap, quoted } from "@kloset/adapter";
import { FileMode, fileInfoOf, isRegularFile } from "@kloset/model";
import type { Scanned, ScannedError, ScannedRecord } from "./entry-check.js";

/** A directory that the importer yielded. */
const YIELDED = 1;
/** A directory that the importer yielded, and in which the SDK has made another. */
const EXTENDED = 2;
/** A directory that the SDK made. */
const MADE = 3;
/** Anything else that the importer yielded. */
const OTHER = 4;

/**
 * Number of UTF-16 units of a pathname up to which its missing parents are made: four times as many as the bytes of
 * Linux's PATH_MAX. The parents of one longer pathname could take gigabytes.
 */
export const MAX_COMPLETED = 16_384;

/**
 * Sends one entry.
 *
 * @param made - True for a directory that the SDK made.
 * @returns undefined if the next entry may follow at once; otherwise a promise to wait for.
 */
export type SendEntry = (scanned: Scanned, made: boolean) => Promise<void> | undefined;

/** An entry with a place of its own in the tree. */
type Placed = ScannedRecord | ScannedError;

/** Options of a {@link Tree}. */
interface TreeOptions {
  /** True to find every repeated pathname; false to remember files only in directories that the SDK has made. */
  readonly remembersFiles: boolean;
  /** Ends the sending of parents. */
  readonly signal: AbortSignal;
}

/**
 * Completes the tree of a scan: hosts need the root and every parent up to "/",
 * before its content and once. The tree makes those that the importer has not
 * yielded, with plain attributes that are the same in every scan.
 *
 * Most entries lie in the same directory as the one before. Those cost two string
 * comparisons, and only directories are remembered, unless the importer leaves
 * directories out.
 */
export class Tree {
  readonly #root: string;
  readonly #options: TreeOptions;
  readonly #send: SendEntry;
  readonly #known = new PathnameMap();
  /** The directory of the last entry, with a slash at its end, and its value in the map. Empty before the first entry. */
  #prefix = "";
  #directory = 0;
  /** True once the importer has yielded the root, or an error for it. */
  #hasRoot = false;

  constructor(root: string, options: TreeOptions, send: SendEntry) {
    this.#root = root;
    this.#options = options;
    this.#send = send;
  }

  /** Sends an entry, after those of its parents that are missing. */
  send(scanned: Scanned): Promise<void> | undefined {
    const { pathname } = scanned;
    // An attribute belongs to an entry, which has its own place.
    if (scanned.type === "attribute") return this.#send(scanned, false);
    if (!this.#hasRoot && pathname === this.#root) this.#hasRoot = true;
    const prefix = this.#prefix;
    const isSibling =
      pathname.length > prefix.length && pathname.startsWith(prefix) && !pathname.includes("/", prefix.length);
    return isSibling ? this.#add(scanned) : this.#enter(scanned);
  }

  /** Makes the root and its parents if the scan has ended without them. */
  async end(): Promise<void> {
    // An error stands in the place of the root, but "/" is a directory in any case.
    const top = this.#hasRoot ? "/" : this.#root;
    const missing = this.#missing(top, top);
    if (missing instanceof Error) await this.#send(errorOf(top, missing.message), false);
    else await this.#make(missing);
  }

  /** Sends an entry that lies in another directory than the one before. */
  #enter(scanned: Placed): Promise<void> | undefined {
    const { pathname } = scanned;
    if (pathname === "/") return this.#addNew(scanned);
    const parent = parentOf(pathname);
    const missing = this.#missing(parent, pathname);
    if (missing instanceof Error) {
      return this.#send(scanned.type === "error" ? scanned : errorOf(pathname, missing.message), false);
    }
    this.#prefix = parent === "/" ? parent : `${parent}/`;
    if (missing.length > 0) return this.#sendAfter(missing, scanned);
    this.#directory = this.#known.get(parent);
    return this.#add(scanned);
  }

  /** Returns a directory and its parents as far as they are missing, "/" first, or the error if they cannot be made. */
  #missing(directory: string, pathname: string): string[] | Error {
    const missing: string[] = [];
    for (let at = directory; ; at = parentOf(at)) {
      const known = this.#known.get(at);
      if (known === OTHER) return new Error(`${quoted(pathname)} is below ${quoted(at)}, which is not a directory`);
      if (known === YIELDED && missing.length > 0) this.#known.change(at, EXTENDED);
      if (known !== 0) break;
      if (at.length > MAX_COMPLETED) {
        return new Error(`${quoted(at)} was not yielded, and is too long (${at.length} characters) to be made`);
      }
      missing.push(at);
      if (at === "/") break;
    }
    return missing.reverse();
  }

  async #sendAfter(missing: readonly string[], scanned: Placed): Promise<void> {
    this.#directory = MADE;
    await this.#make(missing);
    await this.#add(scanned);
  }

  async #make(missing: readonly string[]): Promise<void> {
    const { signal } = this.#options;
    for (const pathname of missing) {
      this.#known.add(pathname, MADE);
      await this.#send(plainDirectory(pathname), true);
      if (signal.aborted) throw abortError(signal);
    }
  }

  /** Sends an entry of the current directory. */
  #add(scanned: Placed): Promise<void> | undefined {
    const isUnremembered =
      this.#directory === YIELDED &&
      !this.#options.remembersFiles &&
      scanned.type === "record" &&
      isRegularFile(scanned.fileInfo.mode);
    return isUnremembered ? this.#send(scanned, false) : this.#addNew(scanned);
  }

  /** Sends an entry unless its pathname is known. */
  #addNew(scanned: Placed): Promise<void> | undefined {
    if (scanned.type === "error") return this.#send(scanned, false);
    const { pathname, fileInfo } = scanned;
    const isDirectory = (fileInfo.mode & FileMode.DIR) !== 0;
    const known = this.#known.add(pathname, isDirectory ? YIELDED : OTHER);
    if (known === 0) return this.#send(scanned, false);
    if (known === MADE) return this.#send(errorOf(pathname, lateText(pathname, isDirectory)), false);
    noticeRepeated(pathname);
    return undefined;
  }
}

/** Logs that a duplicate entry is left out: hosts accept each entry only once. */
export function noticeRepeated(pathname: string): void {
  noticeOnce(`importer: ${JSON.stringify(pathname)} was yielded twice by scan(): the second is left out`);
}

function lateText(pathname: string, isDirectory: boolean): string {
  if (!isDirectory) return `${quoted(pathname)} is not a directory, but entries below it were yielded before`;
  return (
    `${quoted(pathname)} came after an entry below it, for which the SDK had already made a plain directory: ` +
    "yield directories before their content"
  );
}

function errorOf(pathname: string, message: string): ScannedError {
  return { type: "error", pathname, message };
}

/** Returns a directory with the defaults of `fileInfoOf`, which do not depend on the time of the scan. */
function plainDirectory(pathname: string): ScannedRecord {
  return {
    type: "record",
    pathname,
    target: "",
    fileInfo: fileInfoToWire(fileInfoOf({ type: "directory" }), pathname),
    extendedAttributes: [],
    fileAttributes: 0,
    read: undefined,
  };
}

/** Returns the parent of a clean pathname other than "/". */
function parentOf(pathname: string): string {
  return pathname.slice(0, pathname.lastIndexOf("/")) || "/";
}
