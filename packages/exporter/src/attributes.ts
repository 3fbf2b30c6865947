import { takeNext, xattrKindFromWire, type Arrivals } from "@kloset/adapter";
import type { ExtendedAttributeKind } from "@kloset/model";
import type { connectors } from "@kloset/protocol/v1.1";
import type { Exporter } from "./exporter.js";

/** Maximum size of the value of an extended attribute: 256 times the limit of Linux. */
const MAX_ATTRIBUTE_BYTES = 16 * 1024 * 1024;

/**
 * Restores one extended attribute.
 *
 * @throws Error if the value is incomplete or too large. Also any error thrown by the author.
 */
export async function restoreAttribute(
  exporter: Exporter,
  record: connectors.Record,
  pathname: string,
  content: Arrivals<Uint8Array>,
): Promise<void> {
  if (exporter.setExtendedAttribute === undefined) {
    throw new Error(`${JSON.stringify(pathname)}: this exporter does not support extended attributes`);
  }
  const kind = kindOf(record);
  if (!record.hasReader) throw new Error(`the value of ${nameOf(record)} was not sent`);
  await exporter.setExtendedAttribute(pathname, record.xattrName, kind, await valueOf(record, content));
}

function kindOf(record: connectors.Record): ExtendedAttributeKind {
  const kind = xattrKindFromWire(record.xattrType);
  if (kind === undefined) throw new Error(`${nameOf(record)} has the unknown kind ${record.xattrType}`);
  return kind;
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

function nameOf({ pathname, xattrName }: connectors.Record): string {
  return `the attribute ${JSON.stringify(xattrName)} of ${JSON.stringify(pathname)}`;
}
