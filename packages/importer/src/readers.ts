import { chunksOf } from "@kloset/adapter";
import { isRegularFile, type EntryRef, type Read } from "@kloset/model";
import type { Importer } from "./importer.js";
import type { Scanned } from "./scan.js";

/** Opens what the host asks for, and holds what is needed for that. */
export class Readers {
  readonly #importer: Importer;
  readonly #held = new Map<string, Read>();

  constructor(importer: Importer) {
    this.#importer = importer;
  }

  /** How many entries are held. */
  get size(): number {
    return this.#held.size;
  }

  /** True when the host can open this entry. */
  has(scanned: Scanned): boolean {
    if (scanned.type === "error") return false;
    if (scanned.type === "attribute") return scanned.entry.read !== undefined || this.#importer.open !== undefined;
    if (!isRegularFile(scanned.fileInfo.mode)) return false;
    return this.#closureOf(scanned) !== undefined || this.#importer.open !== undefined;
  }

  /**
   * Holds what the entry is opened with, until it is opened or released.
   *
   * @returns false when an entry of that name is held already.
   */
  hold(scanned: Scanned): boolean {
    if (scanned.type === "error") return true;
    const ref = refOf(scanned);
    const key = keyOf(ref);
    if (this.#held.has(key)) return false;
    const read = scanned.type === "attribute" ? scanned.entry.read : this.#closureOf(scanned);
    if (read !== undefined) this.#held.set(key, read);
    return true;
  }

  /** Frees what is held for an entry: the host is done with it. */
  release(ref: EntryRef): void {
    this.#held.delete(keyOf(ref));
  }

  /** Frees everything. */
  clear(): void {
    this.#held.clear();
  }

  /**
   * Streams the content of an entry, in chunks for the wire. An entry's own
   * `read` is called at most once.
   *
   * @throws Error when nothing can open the entry; what the author throws.
   */
  async *open(ref: EntryRef, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const key = keyOf(ref);
    const read = this.#held.get(key);
    this.#held.delete(key);
    const name = JSON.stringify(ref.pathname);
    const what = ref.attribute === undefined ? name : `${name}, attribute ${JSON.stringify(ref.attribute.name)}`;
    if (read !== undefined) {
      yield* chunksOf(await read(signal), what, signal);
    } else if (this.#importer.open !== undefined) {
      yield* chunksOf(await this.#importer.open(ref, signal), what, signal);
    } else {
      throw new Error(`no reader for pathname ${ref.pathname}`);
    }
  }

  /** What must be kept for a file: nothing when the importer can open it by name. */
  #closureOf(scanned: Scanned & { readonly type: "record" }): Read | undefined {
    if (!isRegularFile(scanned.fileInfo.mode)) return undefined;
    if (scanned.entry.read !== undefined) return scanned.entry.read;
    return this.#importer.open === undefined && scanned.fileInfo.size === 0n ? readNothing : undefined;
  }
}

/** Hosts open empty files too; an author need not provide nothing. */
const readNothing: Read = () => [];

/** The name by which the host asks for an entry. */
export function refOf(scanned: Exclude<Scanned, { readonly type: "error" }>): EntryRef {
  if (scanned.type === "attribute") {
    return { pathname: scanned.entry.pathname, attribute: scanned.entry.attribute, target: "" };
  }
  return { pathname: scanned.entry.pathname, target: scanned.entry.target ?? "" };
}

/** Pathnames hold no NUL, so nothing else has this key. */
function keyOf(ref: EntryRef): string {
  const { attribute, pathname } = ref;
  return attribute === undefined ? pathname : `${pathname}\0${attribute.kind}\0${attribute.name}`;
}
