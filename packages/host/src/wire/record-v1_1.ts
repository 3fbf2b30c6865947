import type { MessageInitShape } from "@bufbuild/protobuf";
import { connectors } from "@kloset/protocol/v1.1";
import { isRegularFile, type RecordEntry, type ExtendedAttributeEntry } from "@kloset/model";
import type { ScannedRecord } from "../client/importer-client.js";
import { PluginContractError } from "../errors.js";
import { fileInfoFromWire, fileInfoToWire } from "./file-info.js";
import { xattrKindFromWire, xattrKindToWire } from "./xattr-kind.js";

interface AttributeFields {
  readonly isXattr: boolean;
  readonly xattrName: string;
  readonly xattrType: connectors.ExtendedAttributeType;
}

type RecordInit = MessageInitShape<typeof connectors.RecordSchema>;

/** @throws PluginContractError if hosts would reject the record. */
export function recordFromWire(wire: connectors.Record): ScannedRecord {
  const error = wire.error === "" ? undefined : wire.error;
  const needsInfo = error === undefined && !wire.isXattr;
  if (needsInfo && wire.fileInfo === undefined) {
    throw new PluginContractError(`invalid record ${wire.pathname}: missing fileinfo`);
  }
  return {
    pathname: wire.pathname,
    fileInfo: needsInfo && wire.fileInfo !== undefined ? fileInfoFromWire(wire.fileInfo) : undefined,
    target: wire.target,
    attribute: wire.isXattr ? { name: wire.xattrName, kind: xattrKindFromWire(wire.xattrType) } : undefined,
    extendedAttributes: wire.extendedAttributes,
    fileAttributes: wire.fileAttributes,
    error,
  };
}

/**
 * Builds the header of a Result as hosts do: from their own view of the record, not as a copy of the plugin's message.
 *
 * @param size - Actual size of the content, if it was read to its end.
 */
export function resultHeader(record: ScannedRecord, size: number | undefined): RecordInit {
  const info = record.fileInfo;
  const isXattr = record.attribute !== undefined;
  return {
    // Hosts create a reader for every record that can have content.
    hasReader: record.error === undefined && (isXattr || (info !== undefined && isRegularFile(info.mode))),
    pathname: record.pathname,
    error: record.error ?? "",
    ...attributeFields(record.attribute),
    target: record.target,
    ...(info === undefined ? {} : { fileInfo: fileInfoToWire(size === undefined ? info : { ...info, size }) }),
    extendedAttributes: [...record.extendedAttributes],
    fileAttributes: record.fileAttributes,
  };
}

/** Builds the record that starts an entry on the Export stream. */
export function exportedRecord(entry: RecordEntry | ExtendedAttributeEntry): RecordInit {
  if (entry.attribute !== undefined) {
    return { hasReader: true, pathname: entry.pathname, ...attributeFields(entry.attribute) };
  }
  return {
    hasReader: isRegularFile(entry.fileInfo.mode),
    pathname: entry.pathname,
    target: entry.target ?? "",
    fileInfo: fileInfoToWire(entry.fileInfo),
    extendedAttributes: [...(entry.extendedAttributes ?? [])],
  };
}

/** Builds the record of an Open request, with the fields that hosts send. */
export function openedRecord(record: ScannedRecord): RecordInit {
  return { pathname: record.pathname, ...attributeFields(record.attribute), target: record.target };
}

function attributeFields(attribute: ScannedRecord["attribute"]): AttributeFields {
  if (attribute === undefined)
    return { isXattr: false, xattrName: "", xattrType: connectors.ExtendedAttributeType.UNSPECIFIED };
  return { isXattr: true, xattrName: attribute.name, xattrType: xattrKindToWire(attribute.kind) };
}
