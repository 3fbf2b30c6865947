import { NO_SIGNAL, takesArgument, type Content } from "@kloset/adapter";
import { isRegularFile, type EntryRef } from "@kloset/model";
import type { Scanned, ScannedRecord } from "./entry-check.js";
import type { Reader } from "./entry-reader.js";
import type { Importer } from "./importer.js";

/** Opens what the host asks for, and holds what is needed for that. */
export class Readers {
  readonly #importer: Importer;
  #held = new Map<string, Reader>();

  constructor(importer: Importer) {
    this.#importer = importer;
  }

  /** How many entries are held. */
  get size(): number {
    return this.#held.size;
  }

  /**
   * A scan begins: what an earlier one has left is forgotten, or this one's
   * entries would be taken for repetitions of them.
   *
   * @returns Forgets what this scan has left.
   */
  begin(): () => void {
    const held = new Map<string, Reader>();
    this.#held = held;
    return () => {
      held.clear();
    };
  }

  /** True when the host can open this entry. */
  has(scanned: Scanned): boolean {
    if (scanned.type === "error") return false;
    if (scanned.type === "record" && !isRegularFile(scanned.fileInfo.mode)) return false;
    return this.#readerOf(scanned) !== undefined || this.#importer.open !== undefined;
  }

  /**
   * Holds what the entry is opened with, until it is opened or released.
   *
   * @returns false when an entry of that name is held already.
   */
  hold(scanned: Scanned): boolean {
    if (scanned.type === "error") return true;
    const key = keyOf(scanned);
    if (this.#held.has(key)) return false;
    const reader = this.#readerOf(scanned);
    if (reader !== undefined) this.#held.set(key, reader);
    return true;
  }

  /** Frees what is held for an entry: the host is done with it. */
  release(ref: EntryRef): void {
    // An importer that opens by name needs nothing held.
    if (this.#held.size > 0) this.#held.delete(keyOf(ref));
  }

  /**
   * The content of an entry. An entry's own `read` is called at most once.
   *
   * @throws Error when nothing can open the entry.
   */
  content(ref: EntryRef): Content {
    const key = keyOf(ref);
    const reader = this.#held.get(key);
    if (reader !== undefined) this.#held.delete(key);
    const name = JSON.stringify(ref.pathname);
    const what = ref.attribute === undefined ? name : `${name}, attribute ${JSON.stringify(ref.attribute.name)}`;
    if (reader !== undefined) return { what, open: (signal) => reader.open(signal()), declared: Number(reader.size) };
    const importer = this.#importer;
    if (!opensByName(importer)) throw new Error(`no reader for pathname ${ref.pathname}`);
    return { what, open: (signal) => importer.open(ref, takesArgument(importer, "open", 1) ? signal() : NO_SIGNAL) };
  }

  /** What must be kept for an entry: nothing when the importer can open it by name. */
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

/** Hosts open empty files too; an author need not provide nothing. */
const readNothing: Reader = { size: 0n, open: () => [] };

/** Pathnames hold no NUL, so nothing else has this key. */
function keyOf({ pathname, attribute }: Pick<EntryRef, "pathname"> & Partial<EntryRef>): string {
  return attribute === undefined ? pathname : `${pathname}\0${attribute.kind}\0${attribute.name}`;
}
