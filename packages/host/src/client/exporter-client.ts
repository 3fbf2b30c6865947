import type { ByteSource, FileInfo, HostOptions } from "@kloset/model";
import type { ConnectorIdentity } from "./connector.js";
import type { ExportStream } from "./export-stream.js";

/** An exporter in a plugin that speaks generation v1.0: one call for each step. Pathnames have the root in front. */
export interface ExporterClientV1_0 {
  readonly generation: "v1.0";
  readonly options: HostOptions;
  /** Asks for the root; this generation tells no more. */
  identity(signal?: AbortSignal): Promise<ConnectorIdentity>;
  createDirectory(pathname: string, signal?: AbortSignal): Promise<void>;
  /**
   * Stores a file: its data in chunks of 1 MiB, one empty chunk for an empty file.
   * When the source fails, the stream is half-closed short, as 1.0.6 does.
   *
   * @param size - Bytes promised to the plugin.
   * @returns Bytes sent.
   * @throws What the source threw, or PluginError with the plugin's answer.
   */
  storeFile(pathname: string, source: ByteSource, size: number, signal?: AbortSignal): Promise<number>;
  /** Sets mode, owner and time. The size is not sent. */
  setPermissions(pathname: string, fileInfo: FileInfo, signal?: AbortSignal): Promise<void>;
  createLink(oldname: string, newname: string, kind: "hard" | "symbolic", signal?: AbortSignal): Promise<void>;
  /** Says that the work is over. The process goes on: see `PluginProcess.stop`. */
  close(): Promise<void>;
}

/** An exporter in a plugin that speaks generation v1.1: one stream for everything. Pathnames are below the root. */
export interface ExporterClientV1_1 {
  readonly generation: "v1.1";
  readonly options: HostOptions;
  /** What `Init` answered. */
  identity(signal?: AbortSignal): Promise<ConnectorIdentity>;
  /** Asks whether the target can be reached. */
  ping(signal?: AbortSignal): Promise<void>;
  /** Starts the restore. At most one. */
  export(signal?: AbortSignal): ExportStream;
  /** Says that the work is over. The process goes on: see `PluginProcess.stop`. */
  close(): Promise<void>;
}

/** An exporter in a plugin. The generations differ too much for one interface; `restore` drives both. */
export type ExporterClient = ExporterClientV1_0 | ExporterClientV1_1;
