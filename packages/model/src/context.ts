/** The host's machine and the options chosen by the user. */
export interface HostOptions {
  /** The host's name; empty if not sent. */
  readonly hostname: string;
  /** The host's operating system, as a Go `GOOS` value; empty if not sent. */
  readonly os: string;
  /** The host's processor architecture, as a Go `GOARCH` value; empty if not sent. */
  readonly arch: string;
  /** The user's working directory; empty if not sent. */
  readonly cwd: string;
  /** Number of concurrent calls from the host, at least 1. Also the limit for a connector's own concurrency. */
  readonly maxConcurrency: number;
  /** Exclusion patterns in gitignore syntax. Used by importers. */
  readonly excludes: readonly string[];
  /** True when the user does not want extended attributes. */
  readonly noXattr: boolean;
}

/** The last argument of a call that may take long. */
export interface CallContext {
  /**
   * Aborted when the host no longer wants the result of this call: it has cancelled the call or has disconnected. Not
   * aborted after the call has succeeded. Created when it is first read.
   */
  readonly signal: AbortSignal;
  /**
   * Throws the reason of `signal` if that is aborted. Unlike reading `signal`, it creates none, which is noticeable for
   * very many small files. The SDK always provides it; a context that a test makes can leave it out.
   */
  throwIfAborted?(): void;
}

/** The argument of the factory of a secret provider or an inventory. */
export interface InitContext {
  /** `config.location`: `<protocol>://<rest>`, as the user wrote it. Empty if the host sends none. */
  readonly location: string;
  /** `location` and every user option (`-o key=value`, stored configuration), all strings; undefined for any other key. */
  readonly config: Readonly<Record<string, string | undefined>>;
  /** Aborted when the host has disconnected or no longer needs the connector. */
  readonly signal: AbortSignal;
}

/** The argument of the factory of an importer, an exporter or a storage. */
export interface ConnectorContext extends InitContext {
  /** Options of the host. All defaults for storages: hosts send them no options. */
  readonly options: HostOptions;
  /** The protocol of the location, such as "fs". One plugin may serve several. */
  readonly protocol: string;
}
