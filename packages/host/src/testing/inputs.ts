import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { importer as importerV1_0 } from "@kloset/protocol/v1.0";
import { connectors } from "@kloset/protocol/v1.1";
import { isRegularFile, Mac, type ResourceKind } from "@kloset/model";
import type { Resource, Wanted } from "../flow/repository.js";
import type { RestoreEntry } from "../flow/restore-types.js";
import { fileInfoFromWire } from "../wire/file-info.js";
import { bytesOf } from "../replay/methods.js";
import { messagesOf, type RecordedCall } from "../replay/calls.js";
import { callsNamed, type Transcript } from "./transcript.js";

const KINDS: Readonly<Record<string, ResourceKind>> = {
  STORAGE_RESOURCE_LOCK: "lock",
  STORAGE_RESOURCE_STATE: "state",
  STORAGE_RESOURCE_PACKFILE: "packfile",
  PutLock: "lock",
  PutState: "state",
  PutPackfile: "packfile",
};

interface StorageMessage {
  mac?: string | { value: string };
  type?: string;
  flags?: string;
  chunk?: string;
  range?: { offset?: string; length?: number };
  offset?: string;
  length?: number;
}

function macOf({ mac }: StorageMessage): Mac {
  return Mac.fromBytes(bytesOf(typeof mac === "object" ? mac.value : mac));
}

/** Returns the resources of one kind that the host of a transcript stored, in order. */
export function storedResources(transcript: Transcript, kind: ResourceKind): Resource[] {
  return callsNamed(transcript, "Put", "PutLock", "PutState", "PutPackfile").flatMap((call) => {
    const [first, ...rest] = messagesOf(call, "host") as StorageMessage[];
    if (first === undefined || KINDS[first.type ?? call.path.replace(/.*\//, "")] !== kind) return [];
    const flags = first.flags === "STORAGE_FLAGS_HOT" ? 1 : 0;
    return [{ mac: macOf(first), read: () => rest.map(({ chunk }) => bytesOf(chunk)), flags }];
  });
}

/** Returns the calls by which the host of a transcript read parts of packfiles, in order. */
export function packfileGets(transcript: Transcript): RecordedCall[] {
  return callsNamed(transcript, "Get", "GetPackfileBlob").filter((call) => {
    const { type } = messagesOf(call, "host")[0] as StorageMessage;
    return type === undefined || KINDS[type] === "packfile";
  });
}

/** Returns the parts of packfiles that the host of a transcript read, in order. */
export function readParts(transcript: Transcript): Wanted[] {
  return packfileGets(transcript).map((call) => {
    const get = messagesOf(call, "host")[0] as StorageMessage;
    const { offset, length } = get.range ?? get;
    return { kind: "packfile", mac: macOf(get), range: { offset: Number(offset ?? 0), length: length ?? 0 } };
  });
}

/** Returns the entries of a v1.0 restore: the scanned records below "/srv/ds", with the content that the host sent. */
export function entriesV1_0(scanned: Transcript, restored: Transcript): RestoreEntry[] {
  const contents = new Map<string, Uint8Array[]>();
  for (const call of callsNamed(restored, "StoreFile")) {
    const [header, ...data] = messagesOf(call, "host");
    const { pathname } = header?.["header"] as { pathname: string };
    contents.set(
      pathname.slice(pathname.indexOf("/ds")),
      data.map((message) => bytesOf((message["data"] as JsonObject)["chunk"])),
    );
  }
  return messagesOf(callsNamed(scanned, "Scan")[0] as RecordedCall, "plugin").flatMap((json) => {
    const { pathname, result } = fromJson(importerV1_0.ScanResponseSchema, json);
    if (result.case !== "record" || result.value.xattr !== undefined || result.value.fileinfo === undefined) return [];
    if (!pathname.startsWith("/srv/ds")) return [];
    const info = fileInfoFromWire(result.value.fileinfo);
    const below = pathname.slice("/srv".length);
    const content = contents.get(below) ?? [];
    const size = content.reduce((sum, { length }) => sum + length, 0);
    return [{ pathname: below, fileInfo: { ...info, size }, target: result.value.target, read: () => content }];
  });
}

/** Returns the entries of a v1.1 snapshot: all of the importer's records, with their content. */
export function entriesV1_1(scanned: Transcript): RestoreEntry[] {
  const contents = new Map<string, Uint8Array[]>();
  for (const call of callsNamed(scanned, "Open")) {
    const { pathname, xattrName = "" } = messagesOf(call, "host")[0]?.["record"] as Partial<connectors.Record>;
    const chunks = messagesOf(call, "plugin").map(({ chunk }) => bytesOf(chunk));
    contents.set(`${pathname ?? ""} ${xattrName}`, chunks);
  }
  return messagesOf(callsNamed(scanned, "Import")[0] as RecordedCall, "plugin").flatMap((json): RestoreEntry[] => {
    if (json["record"] === undefined) return [];
    const record = fromJson(connectors.RecordSchema, json["record"]);
    const { pathname, target, extendedAttributes, xattrName } = record;
    const read = (): Uint8Array[] => contents.get(`${pathname} ${xattrName}`) ?? [];
    if (record.isXattr) return [{ pathname, attribute: { name: xattrName, kind: "extended" }, read }];
    if (record.fileInfo === undefined) return [];
    const fileInfo = fileInfoFromWire(record.fileInfo);
    const entry = { pathname, fileInfo, target, extendedAttributes };
    return [isRegularFile(fileInfo.mode) ? { ...entry, read } : entry];
  });
}
