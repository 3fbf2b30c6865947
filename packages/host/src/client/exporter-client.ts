import type { ByteSource, FileInfo, HostOptions } from "@kloset/model";
import type { HostName } from "../hosts.js";
import type { ConnectorIdentity } from "./connector.js";
import type { ExportStream } from "./export-stream.js";

/** An exporter of generation v1.0: one call per step. Pathnames include the root. */
export interface ExporterClientV1_0 {
  readonly generation: "v1.0";
  /** The host that the client acts as. */
  readonly like: HostName;
  readonly options: HostOptions;
  /** Requests the root. This generation sends nothing else. */
  identity(signal?: AbortSignal): Promise<ConnectorIdentity>;
  createDirectory(pathname: string, signal?: AbortSignal): Promise<void>;
  /**
   * Stores a file. Its data is sent in chunks of 1 MiB, or as one empty chunk if it is empty. If the source fails, the
   * stream is half-closed early, as Plakar 1.0.6 does.
   *
   * @param size - Number of bytes announced to the plugin.
   * @returns The number of bytes sent.
   * @throws The error of the source, or PluginError with the plugin's status.
   */
  storeFile(pathname: string, source: ByteSource, size: number, signal?: AbortSignal): Promise<number>;
  /** Sets mode, owner and modification time. The size is omitted. */
  setPermissions(pathname: string, fileInfo: FileInfo, signal?: AbortSignal): Promise<void>;
  createLink(oldname: string, newname: string, kind: "hard" | "symbolic", signal?: AbortSignal): Promise<void>;
  /** Tells the plugin that the work is done. The process keeps running: see `PluginProcess.stop`. */
  close(): Promise<void>;
}

/** An exporter of generation v1.1: one stream for all entries. Pathnames are relative to the root. */
export interface ExporterClientV1_1 {
  readonly generation: "v1.1";
  /** The host that the client acts as. */
  readonly like: HostName;
  readonly options: HostOptions;
  /** Returns the response to `Init`. */
  identity(signal?: AbortSignal): Promise<ConnectorIdentity>;
  /** Checks that the target can be reached. */
  ping(signal?: AbortSignal): Promise<void>;
  /** Starts the restore. Call it at most once. */
  export(signal?: AbortSignal): ExportStream;
  /**
   * Tells the plugin that the work is done. The process keeps running: see `PluginProcess.stop`. `"plaklet"` ends it: see
   * `HostProfile.awaitsExitOnClose`.
   *
   * @throws PluginConnectionError for a nonzero exit code, if the host awaits the exit.
   */
  close(): Promise<void>;
}

/** An exporter. The generations differ too much for one interface; `restore` supports both. */
export type ExporterClient = ExporterClientV1_0 | ExporterClientV1_1;
