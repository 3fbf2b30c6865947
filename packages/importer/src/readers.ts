import type { Content } from "@kloset/adapter";
import { isRegularFile, type EntryRef } from "@kloset/model";
import type { Scanned, ScannedRecord } from "./entry-check.js";
import type { Reader } from "./entry-reader.js";
import type { Importer } from "./importer.js";

/** Holds the readers of scanned entries and opens the content requested by the host. */
export class Readers {
  readonly #importer: Importer;
  #held = new Map<string, Reader>();

  constructor(importer: Importer) {
    this.#importer = importer;
  }

  /** Number of entries held. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * Starts a scan. Drops the readers left by an earlier scan, so that its entries do
   * not count as duplicates.
   *
   * @returns A function that drops the readers left by this scan.
   */
  begin(): () => void {
    const held = new Map<string, Reader>();
    this.#held = held;
    return () => {
      held.clear();
    };
  }

  /** Returns true if the host can open this entry. */
  has(scanned: Scanned): boolean {
    if (scanned.type === "error") return false;
    if (scanned.type === "record" && !isRegularFile(scanned.fileInfo.mode)) return false;
    return this.#readerOf(scanned) !== undefined || this.#importer.open !== undefined;
  }

  /**
   * Holds the reader of an entry until it is opened or released.
   *
   * @returns false if an entry of that name is already held.
   */
  hold(scanned: Scanned): boolean {
    if (scanned.type === "error") return true;
    const key = keyOf(scanned);
    if (this.#held.has(key)) return false;
    const reader = this.#readerOf(scanned);
    if (reader !== undefined) this.#held.set(key, reader);
    return true;
  }

  /** Drops the reader of an entry with which the host has finished. */
  release(ref: EntryRef): void {
    if (this.#held.size > 0) this.#held.delete(keyOf(ref));
  }

  /**
   * Returns the content of an entry. An entry's own `read` is called at most once.
   *
   * @throws Error if the entry has no reader and the importer has no `open`.
   */
  content(ref: EntryRef): Content {
    const key = keyOf(ref);
    const reader = this.#held.get(key);
    if (reader !== undefined) this.#held.delete(key);
    const name = JSON.stringify(ref.pathname);
    const what = ref.attribute === undefined ? name : `${name}, attribute ${JSON.stringify(ref.attribute.name)}`;
    if (reader !== undefined) return { what, open: (context) => reader.open(context), declared: reader.size };
    const importer = this.#importer;
    if (!opensByName(importer)) {
      throw new Error(
        `${what} has no reader: the importer has no open(), and the entry has no read(), or was already read`,
      );
    }
    return { what, open: (context) => importer.open(ref, context) };
  }

  /** Returns the reader to hold for an entry; undefined if only `open` can open it, or nothing can. */
  #readerOf(scanned: Exclude<Scanned, { readonly type: "error" }>): Reader | undefined {
    if (scanned.type === "attribute") return scanned.read;
    if (!isRegularFile(scanned.fileInfo.mode)) return undefined;
    return scanned.read ?? (this.#isEmptyByItself(scanned) ? readNothing : undefined);
  }

  #isEmptyByItself(scanned: ScannedRecord): boolean {
    return this.#importer.open === undefined && scanned.fileInfo.size === 0n;
  }
}

function opensByName(importer: Importer): importer is Importer & Required<Pick<Importer, "open">> {
  return importer.open !== undefined;
}

/** Reader of files whose size is 0: hosts open those as well, but authors need no `read` for them. */
const readNothing: Reader = { size: 0, open: () => [] };

/** Returns a unique key. Pathnames contain no NUL, so the separator is unambiguous. */
function keyOf({ pathname, attribute }: Pick<EntryRef, "pathname"> & Partial<EntryRef>): string {
  return attribute === undefined ? pathname : `${pathname}\0${attribute.kind}\0${attribute.name}`;
}
