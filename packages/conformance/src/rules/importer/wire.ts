/** The time limit for one answer, in milliseconds. A longer wait counts as a hang. */
export const ANSWER_MS = 10_000;

/** A FileInfo as received, without checks or defaults. */
export interface WireInfo {
  readonly name: string;
  readonly size: bigint;
  readonly mode: number;
  readonly modTime?: { readonly seconds: bigint; readonly nanos: number } | undefined;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly nlink: number;
  readonly username: string;
  readonly groupname: string;
}

/** One answer of a scan as received. The host's own client rejects invalid records, which rules must see. */
export interface WireRecord {
  readonly pathname: string;
  readonly fileInfo: WireInfo | undefined;
  readonly target: string;
  /** Set if the entry could not be scanned. */
  readonly error: string | undefined;
  /** Set for an extended attribute. The type is the number on the wire. */
  readonly attribute: { readonly name: string; readonly type: number } | undefined;
  /** Undefined on v1.0, which lacks the field. */
  readonly hasReader: boolean | undefined;
}

/** A running scan. Every wait has a time limit. */
export interface WireScan {
  /** True once the plugin has ended the scan: on v1.1 by a finished message, on v1.0 by ending the call with OK. */
  readonly finished: boolean;
  /** The number of messages received after the finished message. */
  readonly surplus: number;
  /** Returns undefined at the end of the scan. @throws PluginError when the plugin ends it with an error. */
  next(): Promise<WireRecord | undefined>;
  /** Acknowledges a record. A no-op on v1.0, which has no such message. */
  acknowledge(record: WireRecord, error?: string): Promise<void>;
  /** Returns whether the plugin ends the call within the given time, before the host half-closes it. v1.1 only. */
  endsWithin(ms: number): Promise<boolean>;
  /** Half-closes the call and waits for its end. @throws PluginError when it ends with an error. */
  finish(): Promise<void>;
}

/** Content that is being read. */
export interface WireReader {
  /** Returns undefined at the end. @throws PluginError when the plugin ends it with an error. */
  chunk(): Promise<Uint8Array | undefined>;
  /** Closes the reader: on v1.0 with CloseReader, on v1.1 by resetting the stream if it has not ended. */
  close(): Promise<void>;
}

/** A client of an importer that passes invalid answers on, which the host's own client would reject. */
export interface WireImporter {
  identity(): Promise<WireIdentity>;
  scan(): WireScan;
  open(record: Pick<WireRecord, "pathname" | "attribute" | "target">): Promise<WireReader>;
  close(): Promise<void>;
}

/** The identity that an importer reports. */
export interface WireIdentity {
  readonly origin: string;
  readonly type: string;
  readonly root: string;
  /** 0 on v1.0, which has no flags. */
  readonly flags: number;
}

/** The request of Init, the same for both generations. */
export interface WireInit {
  readonly options: {
    readonly hostname: string;
    readonly os: string;
    readonly arch: string;
    readonly cwd: string;
    readonly maxconcurrency: bigint;
  };
  readonly proto: string;
  readonly config: Record<string, string>;
}
