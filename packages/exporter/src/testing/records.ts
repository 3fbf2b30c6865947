import { create, fromJson, type MessageInitShape } from "@bufbuild/protobuf";
import { fileInfoToWire, type WireFileInfo } from "@kloset/adapter";
import { fileInfoOf, type FileInfoInit } from "@kloset/model";
import { connectors, exporter as wire } from "@kloset/protocol/v1.1";

/** One message of an Export. */
export type Request = wire.ExportRequest;

/** Creates the fields of a file info, as sent by hosts of both generations. */
export function wireFields(pathname: string, init: FileInfoInit = {}): WireFileInfo {
  return fileInfoToWire(fileInfoOf(init), pathname);
}

/** Creates a file info, as sent by v1.1 hosts. */
export function wireInfo(pathname: string, init: FileInfoInit = {}): connectors.FileInfo {
  return create(connectors.FileInfoSchema, wireFields(pathname, init));
}

/** Creates a record from the given fields. */
export function record(init: MessageInitShape<typeof connectors.RecordSchema>): Request {
  return create(wire.ExportRequestSchema, {
    packet: { case: "record", value: create(connectors.RecordSchema, init) },
  });
}

/** Creates a chunk of content. An empty chunk ends the content. */
export function chunk(content: string | Uint8Array = ""): Request {
  const value = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  return create(wire.ExportRequestSchema, { packet: { case: "chunk", value: Uint8Array.from(value) } });
}

/** Creates the record of a directory. @param name - Default: the last component of the pathname. */
export function directory(pathname: string, init: FileInfoInit = {}, name?: string): Request {
  const fileInfo = wireInfo(pathname, { ...init, type: "directory" });
  return record({ pathname, fileInfo: { ...fileInfo, ...(name !== undefined && { name }) } });
}

/** Creates the record of a file, without its content. */
export function fileRecord(pathname: string, init: FileInfoInit = {}): Request {
  return record({ pathname, hasReader: true, fileInfo: wireInfo(pathname, init) });
}

/** Creates the record of a file, its content in chunks, and the final empty chunk. */
export function file(pathname: string, content: string | readonly string[], init: FileInfoInit = {}): Request[] {
  const pieces = (typeof content === "string" ? [content] : content).filter((piece) => piece !== "");
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [fileRecord(pathname, { size, ...init }), ...pieces.map(chunk), chunk()];
}

/** Creates the record of a symbolic link. */
export function symlink(pathname: string, target: string, init: FileInfoInit = {}): Request {
  return record({ pathname, target, fileInfo: wireInfo(pathname, { ...init, type: "symlink" }) });
}

/** Adds the names of extended attributes to the first record. */
export function listing(requests: readonly Request[], ...names: string[]): Request[] {
  const [first, ...rest] = requests;
  if (first?.packet.case !== "record") throw new Error("expected a record");
  return [record({ ...first.packet.value, extendedAttributes: names }), ...rest];
}

/** Creates the record of an extended attribute, its value, and the final empty chunk. `type` is the wire number. */
export function attribute(pathname: string, name: string, value: string | readonly string[], type = 0): Request[] {
  const pieces = (typeof value === "string" ? [value] : value).filter((piece) => piece !== "");
  // The number counts: the names of the enumeration do not match it.
  const { xattrType } = fromJson(connectors.RecordSchema, { xattrType: type });
  return [
    record({ pathname, hasReader: true, isXattr: true, xattrName: name, xattrType }),
    ...pieces.map(chunk),
    chunk(),
  ];
}
