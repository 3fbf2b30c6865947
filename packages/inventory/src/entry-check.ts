import { isUint8Array } from "node:util/types";
import { checkText, counted, describe, describeContent, noticeOnce, quoted } from "@kloset/adapter";
import { ENDPOINT_TYPES, isCountryCode, RESOURCE_CLASSES, type EndpointType, type ResourceClass } from "@kloset/model";
import { InvalidValue, MAX_MESSAGE_BYTES, OutOfRange } from "@kloset/wire/grpc";
import { sizeOf } from "./size.js";

/** A checked entry, as it is sent. Independent of the author's object, except for the bytes of `details`. */
export interface WireEntry {
  readonly class: string;
  readonly subclass: string;
  readonly tags: string[];
  readonly urn: string;
  readonly name: string;
  readonly region: string;
  readonly service: string;
  readonly resource: string;
  readonly details: Uint8Array;
  readonly endpoints: WireEndpoint[];
  readonly country: string;
}

/** A checked endpoint, as it is sent. */
export interface WireEndpoint {
  readonly type: EndpointType;
  readonly endpoint: string;
  readonly attributes: Record<string, string>;
}

/** The properties of an author's object, which may have any type. */
type Unchecked = Readonly<Record<string, unknown>>;

const NO_BYTES = new Uint8Array();

/**
 * Checks an entry that `list()` yielded. Logs a warning, once for each value, for a class, a subclass and a country that
 * hosts do not know: they keep the entry.
 *
 * @param index - Position of the entry, from 0, for errors about an entry without a name.
 * @throws InvalidValue that names the entry and the field; OutOfRange if its message is too long.
 */
export function checkEntry(value: unknown, index: number): WireEntry {
  if (!isObject(value)) throw new InvalidValue(`list() yielded ${describe(value)}: an entry is needed`);
  const which = nameOf(value, index);
  const text = (field: string): string =>
    value[field] === undefined ? "" : checkText(`${field} of ${which}`, value[field]);
  const entry: WireEntry = {
    class: needed("class", which, text("class")),
    subclass: text("subclass"),
    tags: listOf(`tags of ${which}`, value["tags"], (tag, i) => checkText(`tags[${i}] of ${which}`, tag)),
    urn: needed("urn", which, text("urn")),
    name: text("name"),
    region: text("region"),
    service: text("service"),
    resource: text("resource"),
    details: checkDetails(which, value["details"]),
    endpoints: listOf(`endpoints of ${which}`, value["endpoints"], (endpoint, i) =>
      checkEndpoint(`endpoints[${i}]`, which, endpoint),
    ),
    country: text("country"),
  };
  checkSize(which, entry);
  noticeUnknown(entry);
  return entry;
}

function isObject(value: unknown): value is Unchecked {
  return typeof value === "object" && value !== null;
}

/** Returns the name of an entry for an error: its urn, its name, or its position. */
function nameOf({ urn, name }: Unchecked, index: number): string {
  const known = [urn, name].find((text) => typeof text === "string" && text !== "");
  return known === undefined ? `entry ${index}` : `entry ${quoted(known)}`;
}

function needed(field: string, which: string, text: string): string {
  if (text === "") throw new InvalidValue(`${field} of ${which} is missing or empty: a name is needed`);
  return text;
}

function listOf<T>(what: string, values: unknown, check: (value: unknown, index: number) => T): T[] {
  if (values === undefined) return [];
  if (!Array.isArray(values)) throw new InvalidValue(`${what} must be an array: ${describe(values)}`);
  // Array.from also visits holes.
  return Array.from(values as readonly unknown[], check);
}

function checkDetails(which: string, details: unknown): Uint8Array {
  if (details === undefined) return NO_BYTES;
  if (isUint8Array(details)) return details;
  throw new InvalidValue(`details of ${which} must be bytes, such as Buffer.from(text): ${describeContent(details)}`);
}

function checkEndpoint(field: string, which: string, value: unknown): WireEndpoint {
  if (!isObject(value)) throw new InvalidValue(`${field} of ${which} must be an endpoint: ${describe(value)}`);
  const type = ENDPOINT_TYPES.find((known) => known === value["type"]);
  if (type === undefined) {
    throw new InvalidValue(
      `${field}.type of ${which} must be one of ${ENDPOINT_TYPES.join(", ")}: ${describe(value["type"])}`,
    );
  }
  const endpoint = checkText(`${field}.endpoint of ${which}`, value["endpoint"]);
  needed(`${field}.endpoint`, which, endpoint);
  return { type, endpoint, attributes: checkAttributes(`${field}.attributes`, which, value["attributes"] ?? {}) };
}

function checkAttributes(field: string, which: string, attributes: unknown): Record<string, string> {
  if (!isObject(attributes) || Array.isArray(attributes) || attributes instanceof Map) {
    throw new InvalidValue(`${field} of ${which} must be an object of strings: ${describe(attributes)}`);
  }
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [
      checkText(`a key in ${field} of ${which}`, key),
      checkText(`${field}[${quoted(key)}] of ${which}`, value),
    ]),
  );
}

/** Fails before the message is encoded: the error then names the entry, and its largest part. */
function checkSize(which: string, entry: WireEntry): void {
  const size = sizeOf(entry);
  if (size <= MAX_MESSAGE_BYTES) return;
  throw new OutOfRange(
    `${which} needs a message of ${counted(size, "byte")}, ${entry.details.length} of them for details: ` +
      `hosts accept at most ${MAX_MESSAGE_BYTES}`,
  );
}

/** The texts name no entry, so that each value is reported once. */
function noticeUnknown({ class: name, subclass, country }: WireEntry): void {
  if (!isKnownClass(name)) {
    const known = Object.keys(RESOURCE_CLASSES).join(", ");
    noticeOnce(`inventory: hosts do not know class ${quoted(name)}: known classes are ${known}`);
  } else if (subclass !== "" && !(RESOURCE_CLASSES[name] as readonly string[]).includes(subclass)) {
    const known =
      RESOURCE_CLASSES[name].length === 0 ? "it has none" : `known subclasses are ${RESOURCE_CLASSES[name].join(", ")}`;
    noticeOnce(`inventory: hosts do not know subclass ${quoted(subclass)} of class ${quoted(name)}: ${known}`);
  }
  if (country !== "" && !isCountryCode(country)) {
    noticeOnce(`inventory: hosts drop country ${quoted(country)}: an ISO 3166-1 alpha-2 code is needed, such as "FR"`);
  }
}

function isKnownClass(name: string): name is ResourceClass {
  return Object.hasOwn(RESOURCE_CLASSES, name);
}
