/** What the host says of its machine and of the user's wishes. */
export interface HostOptions {
  /** The host's name; empty when it does not say. */
  readonly hostname: string;
  /** The host's operating system, as Go's GOOS; empty when it does not say. */
  readonly os: string;
  /** The host's processor architecture, as Go's GOARCH; empty when it does not say. */
  readonly arch: string;
  /** The working directory of the user; empty when the host does not say. */
  readonly cwd: string;
  /** How many calls the host makes at once, at least 1. An upper bound for what a connector does at once. */
  readonly maxConcurrency: number;
  /** Patterns in gitignore syntax (importers). */
  readonly excludes: readonly string[];
  /** The user wants no extended attributes. */
  readonly noXattr: boolean;
}

/** What a connector is constructed with. */
export interface ConnectorContext {
  /** `config.location`: `<protocol>://<rest>`, as the user wrote it. */
  readonly location: string;
  /** `location` and every option of the user (`-o key=value`, stored configuration), all strings. */
  readonly config: Readonly<Record<string, string>>;
  /** What the host says. Storages are told nothing: the defaults stand. */
  readonly options: HostOptions;
  /** The protocol that the location was found by, as "fs". One plugin may serve several. */
  readonly protocol: string;
  /** Aborted when the host has gone, or does not want the connector any more. */
  readonly signal: AbortSignal;
}
