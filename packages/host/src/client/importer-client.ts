import type { ExtendedAttributeName, FileInfo, HostOptions } from "@kloset/model";
import type { Generation, HostName } from "../hosts.js";
import type { ConnectorIdentity } from "./connector.js";

/** A record of a scan: an entry, an extended attribute, or an error. */
export interface ScannedRecord {
  readonly pathname: string;
  /** Absent for extended attributes and errors. */
  readonly fileInfo: FileInfo | undefined;
  /** Target of a symbolic link. Empty for other entries. */
  readonly target: string;
  /** Present when the record is an extended attribute of `pathname`. */
  readonly attribute: ExtendedAttributeName | undefined;
  /** Names of the extended attributes that follow as separate records. */
  readonly extendedAttributes: readonly string[];
  /** Windows file attributes. */
  readonly fileAttributes: number;
  /** Present when the entry could not be scanned. */
  readonly error: string | undefined;
}

/** The host's result for a record. */
export interface RecordResult {
  /** Actual size of the content, if it was read to its end. Hosts report it instead of the scanned size. */
  readonly size?: number | undefined;
  /** Error text. Released hosts never send one. */
  readonly error?: string | undefined;
}

/** A running scan. Iterate it once, to the end. */
export interface Scan extends AsyncIterable<ScannedRecord> {
  /** Tells the plugin that the host is done with a record. Required for every record, in any order. A no-op on v1.0. */
  acknowledge(record: ScannedRecord, result?: RecordResult): Promise<void>;
  /**
   * Tells the plugin that every record is acknowledged, and waits until the plugin ends the scan. A no-op on v1.0.
   * Without it, {@link ImporterClient.close} lasts until the plugin gives up the scan: 10 s for plugins of this SDK.
   *
   * @throws PluginError if the plugin ends the scan with an error.
   */
  finish(): Promise<void>;
}

/** An importer, with the same interface for both generations. */
export interface ImporterClient {
  readonly generation: Generation;
  /** The host that the client acts as. */
  readonly like: HostName;
  /** Options that `Init` sent to the plugin. */
  readonly options: HostOptions;
  /** Returns the identity. v1.0 requests it from the plugin each time, v1.1 receives it from `Init`. */
  identity(signal?: AbortSignal): Promise<ConnectorIdentity>;
  /** Checks that the source can be reached. A no-op on v1.0. */
  ping(signal?: AbortSignal): Promise<void>;
  /** Starts the scan. Call it at most once. */
  scan(signal?: AbortSignal): Scan;
  /**
   * Opens the content of a regular file or an extended attribute. The call starts when iteration begins, and ends with
   * it.
   *
   * v1.0 identifies a record by its pathname alone, so the content of an extended attribute is whatever the plugin
   * returns for that pathname.
   *
   * @throws PluginContractError for an empty chunk, on which hosts fail.
   */
  open(record: ScannedRecord, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * Tells the plugin that the work is done. The process keeps running: see `PluginProcess.stop`. `"plaklet"` ends it: see
   * `HostProfile.awaitsExitOnClose`.
   *
   * @throws PluginConnectionError for a nonzero exit code, if the host awaits the exit.
   */
  close(): Promise<void>;
}
