/** gRPC status codes. Go plugins send UNKNOWN for any error that the author's code returns. */
export const StatusCode = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** An error status that the plugin sent instead of a result. */
export class PluginError extends Error {
  override readonly name = "PluginError";
  /** gRPC status code, one of {@link StatusCode}. */
  readonly code: number;
  /** Path of the call that failed, for example "/importer.Importer/Open". */
  readonly path: string;

  /** @param message - Status text, exactly as the plugin sent it: hosts show it to the user unchanged. */
  constructor(message: string, code: number, path: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

/** The plugin did not answer: it could not be started or reached, or it has exited. */
export class PluginConnectionError extends Error {
  override readonly name = "PluginConnectionError";
}

/**
 * The plugin violated the contract between hosts and plugins in a way that makes a released host crash, hang or lose
 * data.
 */
export class PluginContractError extends Error {
  override readonly name = "PluginContractError";
}

/**
 * A job whose entries failed, on a host that then fails the job: see `HostProfile.failsJobOnError`. The job has run to
 * its end, and the connector is closed.
 */
export class JobError extends Error {
  override readonly name = "JobError";
  /** Number of entries that failed. */
  readonly errors: number;

  /** @param first - Description of the first failure. */
  constructor(job: "backup" | "restore", errors: number, first: string) {
    super(`the ${job} failed: ${errors} ${errors === 1 ? "entry" : "entries"} failed; the first is ${first}`);
    this.errors = errors;
  }
}

/** The content of an entry could not be read in the middle of a v1.1 restore. Nothing after that entry was sent. */
export class RestoreSourceError extends Error {
  override readonly name = "RestoreSourceError";
  /** Pathname of the entry. */
  readonly pathname: string;

  constructor(pathname: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`cannot read the content of ${JSON.stringify(pathname)}: ${reason}`, { cause });
    this.pathname = pathname;
  }
}
