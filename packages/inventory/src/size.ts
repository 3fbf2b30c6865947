import type { WireEndpoint, WireEntry } from "./entry-check.js";

/** Size of the tag of every field of the messages: their numbers are below 16. */
const TAG = 1;

/** Returns the size of an encoded `ListResponse` with one entry, in bytes. */
export function sizeOf(entry: WireEntry): number {
  const { class: name, subclass, urn, name: title, region, service, resource, country } = entry;
  let size = 0;
  for (const text of [name, subclass, urn, title, region, service, resource, country]) size += sizeOfText(text);
  for (const tag of entry.tags) size += fieldOf(Buffer.byteLength(tag));
  for (const endpoint of entry.endpoints) size += fieldOf(sizeOfEndpoint(endpoint));
  if (entry.details.length > 0) size += fieldOf(entry.details.length);
  return fieldOf(size);
}

function sizeOfEndpoint({ type, endpoint, attributes }: WireEndpoint): number {
  let size = sizeOfText(type) + sizeOfText(endpoint);
  for (const [key, value] of Object.entries(attributes)) {
    // Map entries have both fields, even empty ones.
    size += fieldOf(fieldOf(Buffer.byteLength(key)) + fieldOf(Buffer.byteLength(value)));
  }
  return size;
}

/** Empty texts are not sent. */
function sizeOfText(text: string): number {
  return text === "" ? 0 : fieldOf(Buffer.byteLength(text));
}

/** Returns the size of a field with its tag and length. */
function fieldOf(length: number): number {
  let prefix = 1;
  for (let rest = length; rest > 0x7f; rest = Math.floor(rest / 0x80)) prefix++;
  return TAG + prefix + length;
}
