import type { ExtendedAttributeName, FileInfo, HostOptions } from "@kloset/model";
import type { Generation } from "../grpc/connection.js";
import type { ConnectorIdentity } from "./connector.js";

/** What a plugin's scan says of one entry, one extended attribute, or one failure. */
export interface ScannedRecord {
  readonly pathname: string;
  /** Absent for extended attributes and errors. */
  readonly fileInfo: FileInfo | undefined;
  /** Target of a symbolic link, else empty. */
  readonly target: string;
  /** Present when the record is an extended attribute of `pathname`. */
  readonly attribute: ExtendedAttributeName | undefined;
  /** Names of the extended attributes that come as records of their own. */
  readonly extendedAttributes: readonly string[];
  /** Windows file attributes. */
  readonly fileAttributes: number;
  /** Present when the entry could not be scanned. */
  readonly error: string | undefined;
}

/** What a host says of a record that it is done with. */
export interface RecordResult {
  /** Bytes that the content really had, when it was read to its end: hosts report that in place of the size scanned. */
  readonly size?: number | undefined;
  /** What went wrong. Released hosts never say it. */
  readonly error?: string | undefined;
}

/** A running scan. Iterate it once, to its end. */
export interface Scan extends AsyncIterable<ScannedRecord> {
  /** Says that the host is done with a record. Every record wants it, in any order. v1.0 has no such message: nothing is sent. */
  acknowledge(record: ScannedRecord, result?: RecordResult): Promise<void>;
  /**
   * Says that every record is acknowledged, and waits for the plugin to end the scan.
   *
   * @throws PluginError when the plugin ends it with an error.
   */
  finish(): Promise<void>;
}

/** An importer in a plugin, seen from the host. The same for both generations. */
export interface ImporterClient {
  readonly generation: Generation;
  /** What `Init` told the plugin. */
  readonly options: HostOptions;
  /** v1.0 asks the plugin each time; v1.1 has it from `Init`. */
  identity(signal?: AbortSignal): Promise<ConnectorIdentity>;
  /** Asks whether the source can be reached. v1.0 has no such call: resolves at once. */
  ping(signal?: AbortSignal): Promise<void>;
  /** Starts the scan. At most one. */
  scan(signal?: AbortSignal): Scan;
  /**
   * Opens the content of a regular file or an extended attribute. The call is made
   * when the iteration begins, and is over when the iteration ends.
   *
   * v1.0 names a record by its pathname alone: for an extended attribute it gets
   * whatever the plugin takes that for.
   *
   * @throws PluginContractError for an empty chunk, on which hosts fail.
   */
  open(record: ScannedRecord, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** Says that the work is over. The process goes on: see `PluginProcess.stop`. */
  close(): Promise<void>;
}
