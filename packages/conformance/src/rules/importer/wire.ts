/** What rules allow for one answer, in milliseconds: what takes longer is taken for a hang. */
export const ANSWER_MS = 10_000;

/** FileInfo as it came: nothing is judged or filled in. */
export interface WireInfo {
  readonly name: string;
  readonly size: bigint;
  readonly mode: number;
  readonly modTime?: { readonly seconds: bigint; readonly nanos: number } | undefined;
}

/** One answer of a scan as it came. The host's own client refuses what hosts refuse: rules must see that. */
export interface WireRecord {
  readonly pathname: string;
  readonly fileInfo: WireInfo | undefined;
  readonly target: string;
  /** Present when the entry could not be scanned. */
  readonly error: string | undefined;
  /** Present when it is an extended attribute; the type is the wire's number. */
  readonly attribute: { readonly name: string; readonly type: number } | undefined;
  /** v1.0 does not tell. */
  readonly hasReader: boolean | undefined;
}

/** A scan under way. Every wait is bounded. */
export interface WireScan {
  /** Whether the plugin has said that the scan is done: v1.1 by a message, v1.0 by the call's good end. */
  readonly finished: boolean;
  /** Messages that came after the one that says so. */
  readonly surplus: number;
  /** @returns undefined when the scan is done. @throws PluginError when the plugin ends it with an error. */
  next(): Promise<WireRecord | undefined>;
  /** Says that the host is done with a record. v1.0 has no such message. */
  acknowledge(record: WireRecord, error?: string): Promise<void>;
  /** Whether the plugin ends the call within some milliseconds, though the host has more to say. v1.1. */
  endsWithin(ms: number): Promise<boolean>;
  /** Half-closes, and waits for the end of the call. @throws PluginError when it ends with an error. */
  finish(): Promise<void>;
}

/** Content under way. */
export interface WireReader {
  /** @returns undefined at the end. @throws PluginError when the plugin ends it with an error. */
  chunk(): Promise<Uint8Array | undefined>;
  /** Tells the plugin that the host is done: v1.0 by CloseReader, v1.1 by a reset of what has not ended. */
  close(): Promise<void>;
}

/** An importer without the host's own care: what is wrong is seen as it is. */
export interface WireImporter {
  identity(): Promise<WireIdentity>;
  scan(): WireScan;
  open(record: Pick<WireRecord, "pathname" | "attribute" | "target">): Promise<WireReader>;
  close(): Promise<void>;
}

/** What an importer says of itself. */
export interface WireIdentity {
  readonly origin: string;
  readonly type: string;
  readonly root: string;
  /** 0 on v1.0, which has none. */
  readonly flags: number;
}

/** Init's request, which both generations can read. */
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
