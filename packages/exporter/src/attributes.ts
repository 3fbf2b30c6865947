import {
  abortError,
  counted,
  noticeOnce,
  PathnameMap,
  takeNext,
  xattrKindFromWire,
  type Arrivals,
  type Failure,
} from "@kloset/adapter";
import type { ExtendedAttributeKind } from "@kloset/model";
import type { connectors } from "@kloset/protocol/v1.1";
import type { Exporter } from "./exporter.js";
import { ListedAttributes } from "./listed-attributes.js";
import { below, PrefixSearch, type Restored } from "./prefix-search.js";

/** Maximum size of the value of an extended attribute: 256 times the limit of Linux. */
const MAX_ATTRIBUTE_BYTES = 16 * 1024 * 1024;

/** Maximum memory for attributes that wait until the prefix is known: enough for about 200,000. */
const MAX_HELD_BYTES = 128 * 1024 * 1024;

/** Estimated memory of a held attribute, without its texts and its value. */
const BYTES_OF_HELD = 512;

/** Sends the result of a record. Returns undefined if the caller may continue at once. */
type Answer = (record: connectors.Record, failure?: Failure) => Promise<void> | undefined;

/** An attribute that waits until it is known to which entry it belongs. */
interface Held {
  readonly record: connectors.Record;
  readonly pathname: string;
  readonly kind: ExtendedAttributeKind;
  /** The prefixes with which it belongs to an entry that lists it. */
  readonly prefixes: readonly string[];
  readonly value: Uint8Array | Failure;
}

/** Dependencies of {@link Attributes}. */
interface AttributesOptions {
  readonly exporter: Exporter;
  readonly answer: Answer;
  /** Waits until every entry is stored. */
  readonly stored: () => Promise<void>;
  readonly signal: AbortSignal;
  readonly maxHeldBytes?: number;
  readonly listed?: ListedAttributes;
}

/**
 * Restores the extended attributes of an Export.
 *
 * Newer hosts name attributes as the snapshot does, and entries relative to the
 * restored directory: see {@link PrefixSearch}. Which prefix to strip is certain only
 * when the last attribute has come, so those that a restored entry may own are held
 * until then. An attribute that no restored entry lists is never set: hosts send those
 * outside of the restored directory, too. When several prefixes fit, only values on
 * which they agree are set. A lost attribute, which a notice reports, is better than
 * a wrong one.
 */
export class Attributes {
  readonly #options: AttributesOptions;
  readonly #listed: ListedAttributes;
  readonly #maxHeldBytes: number;
  #restored: Restored = { type: "unknown" };
  /** Created for the first attribute, which follows all entries. */
  #search: PrefixSearch | undefined;
  #held: Held[] = [];
  #heldBytes = 0;
  /** Set when attributes are no longer held: they are restored as they come, or dropped. */
  #overLimit: "restore" | "drop" | undefined;
  #hasUnknownKind = false;
  readonly #leftOut = new PathnameMap();

  constructor(options: AttributesOptions) {
    this.#options = options;
    this.#listed = options.listed ?? new ListedAttributes();
    this.#maxHeldBytes = options.maxHeldBytes ?? MAX_HELD_BYTES;
  }

  /** Remembers the attributes that an entry lists. */
  list(pathname: string, names: readonly string[]): void {
    this.#listed.add(pathname, names);
  }

  /** Remembers an entry that lists attributes and is not restored. Its attributes are answered with success, and not set. */
  leaveOut(pathname: string): void {
    this.#leftOut.add(pathname, 1);
  }

  /** Sets the part of the snapshot that is restored. */
  set restored(restored: Restored) {
    this.#restored = restored;
  }

  /**
   * Receives an attribute.
   *
   * @returns True if its result will be sent by this object; false to send a success.
   * @throws Error if the attribute cannot be restored.
   */
  async receive(record: connectors.Record, pathname: string, content: Arrivals<Uint8Array>): Promise<boolean> {
    if (this.#options.exporter.setExtendedAttribute === undefined) {
      throw new Error(`${JSON.stringify(pathname)}: this exporter does not support extended attributes`);
    }
    this.#search ??= new PrefixSearch(this.#listed, this.#restored);
    if (!this.#listed.isComplete) this.#drop(record);
    if (this.#overLimit === "drop") return false;
    const prefixes = this.#search.add({ pathname, name: record.xattrName });
    const kind = xattrKindFromWire(record.xattrType);
    if (kind === undefined) this.#noticeKind(record);
    if (prefixes.length === 0 || kind === undefined) return false;
    const value = await received(record, content);
    const held = { record, pathname, kind, prefixes, value };
    if (this.#overLimit === "restore") {
      if (prefixes.includes("")) await this.#restore(held, "");
      return prefixes.includes("");
    }
    this.#held.push(held);
    this.#heldBytes += BYTES_OF_HELD + 2 * pathname.length + (value instanceof Uint8Array ? value.length : 0);
    if (this.#heldBytes > this.#maxHeldBytes) await this.#release();
    return true;
  }

  /**
   * Restores the held attributes. Called after the last record.
   *
   * @param isComplete - False if the host broke off: an attribute that did not come could decide.
   */
  async finish(isComplete: boolean): Promise<void> {
    const search = this.#search;
    if (search === undefined) return;
    const knowsAll = isComplete && this.#overLimit === undefined;
    const prefixes = knowsAll ? search.best() : [];
    const [prefix] = prefixes;
    const isCertain = prefix !== undefined && prefixes.length === 1;
    if (isCertain) await this.#restoreHeld(prefix);
    else await this.#restoreAgreed(prefixes);
    const owner = isCertain ? prefix : this.#restored.type === "all" ? "" : undefined;
    if (owner !== undefined) noticeUnlisted(search.othersBelow(owner));
    if (knowsAll && (isCertain || search.isEmpty)) noticeMissing(search.missing(prefix ?? ""));
  }

  async #restoreHeld(prefix: string): Promise<void> {
    for (const held of this.#taken()) {
      if (held.prefixes.includes(prefix)) await this.#restore(held, prefix);
      else await this.#options.answer(held.record);
    }
  }

  /** Restores the values on which all prefixes agree. */
  async #restoreAgreed(prefixes: readonly string[]): Promise<void> {
    const taken = this.#taken();
    const agreed = new Set<Held>();
    const doubtful = prefixes.length === 0 ? [...taken] : [];
    for (const candidates of candidatesOf(taken, prefixes)) {
      const [first] = candidates;
      if (first !== undefined && candidates.every((held) => haveSameValue(first, held))) agreed.add(first);
      else doubtful.push(...candidates.filter((held) => held !== undefined).slice(0, 1));
    }
    for (const held of taken) {
      if (agreed.has(held)) await this.#restore(held, prefixes[0] ?? "");
      else await this.#options.answer(held.record);
    }
    const [sample] = doubtful;
    if (sample === undefined) return;
    const why = `, because it is not certain which entries they belong to (${doubtful.length})`;
    noticeDropped("", why, `${nameOf(sample.record)}, which may belong to ${targetsOf(sample)}`);
  }

  /** Goes on without holding attributes, when too many are held. */
  async #release(): Promise<void> {
    if (this.#search?.isAll === true) {
      this.#overLimit = "restore";
      await this.#restoreHeld("");
      return;
    }
    const [first] = this.#held;
    if (first !== undefined) this.#drop(first.record);
    for (const { record } of this.#taken()) await this.#options.answer(record);
  }

  #drop(record: connectors.Record): void {
    if (this.#overLimit === "drop") return;
    this.#overLimit = "drop";
    noticeDropped("", ", because there are too many to find out which entries they belong to", nameOf(record));
  }

  #noticeKind(record: connectors.Record): void {
    if (this.#hasUnknownKind) return;
    this.#hasUnknownKind = true;
    noticeDropped("of an unknown kind", "", `${nameOf(record)}, of kind ${record.xattrType}`);
  }

  #taken(): readonly Held[] {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held;
  }

  async #restore({ record, pathname, kind, value }: Held, prefix: string): Promise<void> {
    const { exporter, signal, answer, stored } = this.#options;
    const target = below(prefix, pathname);
    await stored();
    if (signal.aborted) throw abortError(signal);
    try {
      if (!(value instanceof Uint8Array)) throw value.error;
      if (this.#leftOut.get(target) === 0) {
        await exporter.setExtendedAttribute?.(target, record.xattrName, kind, value);
      }
    } catch (error) {
      await answer(record, { error });
      return;
    }
    await answer(record);
  }
}

/** Returns, for each attribute of a restored entry, the one that each prefix assigns to it. */
function candidatesOf(
  attributes: readonly Held[],
  prefixes: readonly string[],
): Iterable<readonly (Held | undefined)[]> {
  const candidates = new Map<string, (Held | undefined)[]>();
  for (const held of attributes) {
    for (const [index, prefix] of prefixes.entries()) {
      if (!held.prefixes.includes(prefix)) continue;
      const key = [below(prefix, held.pathname), held.kind, held.record.xattrName].join("\0");
      const found = candidates.get(key) ?? new Array<Held | undefined>(prefixes.length).fill(undefined);
      found[index] = held;
      candidates.set(key, found);
    }
  }
  return candidates.values();
}

function haveSameValue(a: Held, b: Held | undefined): boolean {
  if (b === undefined || !(a.value instanceof Uint8Array) || !(b.value instanceof Uint8Array)) return false;
  return Buffer.compare(a.value, b.value) === 0;
}

/** Reads the value of an attribute to its end, or as far as the limit. */
async function received(record: connectors.Record, content: Arrivals<Uint8Array>): Promise<Uint8Array | Failure> {
  try {
    if (!record.hasReader) throw new Error(`the value of ${nameOf(record)} was not sent`);
    return await valueOf(record, content);
  } catch (error) {
    return { error };
  }
}

async function valueOf(record: connectors.Record, content: Arrivals<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let chunk = await takeNext(content); chunk !== undefined; chunk = await takeNext(content)) {
    length += chunk.length;
    if (length > MAX_ATTRIBUTE_BYTES) {
      throw new Error(`${nameOf(record)} is larger than ${MAX_ATTRIBUTE_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function nameOf({ pathname, xattrName }: Pick<connectors.Record, "pathname" | "xattrName">): string {
  return `the attribute ${JSON.stringify(xattrName)} of ${JSON.stringify(pathname)}`;
}

/** Names the entries to which a held attribute may belong. */
function targetsOf({ pathname, prefixes }: Held): string {
  const shown = prefixes.slice(0, 3).map((prefix) => JSON.stringify(below(prefix, pathname)));
  const more = prefixes.length - shown.length;
  return shown.join(" or ") + (more > 0 ? ` (and ${counted(more, "other")})` : "");
}

/** Logs that attributes of restored entries are not restored, because the entries do not list them. */
function noticeUnlisted({ count, first }: ReturnType<PrefixSearch["othersBelow"]>): void {
  if (first === undefined) return;
  const example = nameOf({ pathname: first.pathname, xattrName: first.name });
  noticeDropped("", `, because no restored entry lists them (${count})`, example);
}

/** Logs that attributes are not restored, because the host has not sent them. */
function noticeMissing(count: number): void {
  if (count === 0) return;
  const attributes = counted(count, "extended attribute");
  noticeOnce(`exporter: the host did not send ${attributes} listed by the restored entries`);
}

/** Logs that attributes are not restored. The host shows nothing, because the records are answered with success. */
function noticeDropped(which: string, why: string, first: string): void {
  const attributes = ["extended attributes", which].filter((text) => text !== "").join(" ");
  noticeOnce(`exporter: ${attributes} were not restored${why}; the first is ${first}`);
}
