/** The status codes of gRPC. Go plugins answer what their author's code returns as UNKNOWN. */
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

/** What a plugin answered in place of a result. */
export class PluginError extends Error {
  override readonly name = "PluginError";
  /** One of {@link StatusCode}. */
  readonly code: number;
  /** The call that failed, as "/importer.Importer/Open". */
  readonly path: string;

  /** @param message - The status' text, exactly as the plugin sent it: hosts show it to the user as it is. */
  constructor(message: string, code: number, path: string) {
    super(message);
    this.code = code;
    this.path = path;
  }
}

/** The plugin could not be started or reached, or has gone: there is no answer. */
export class PluginConnectionError extends Error {
  override readonly name = "PluginConnectionError";
}

/**
 * The plugin answered something that breaks the contract between hosts and
 * plugins: a released host would crash, hang or lose data over it.
 */
export class PluginContractError extends Error {
  override readonly name = "PluginContractError";
}
