import type { Guard } from "./descriptors.js";

/** A connection to the host that is being served on the process's own descriptors. */
export interface DescriptorServer {
  /**
   * Resolves when the connection has ended: at the end of the input, after an error, or after `close()`. Never rejects.
   *
   * @returns the error when the host broke the protocol; undefined when the host has gone or `close()` was called.
   */
  readonly closed: Promise<Error | undefined>;
  /** Ends the connection at once. */
  close(): void;
  /** Releases the descriptors, once the answers already given have left or cannot leave. */
  release(): Promise<void>;
}

/** Everything a server on the host's descriptors needs to know. */
export interface DescriptorServerOptions<Services> {
  readonly services: Services;
  /** Receives errors of the connection itself. A host that has gone is not an error. */
  readonly onError?: (error: Error) => void;
}

/**
 * Serves the host on the descriptors that it has handed to the process. The server owns them from then on.
 *
 * Two steps: a server that can speak first greets the host at once; the answer of the host has arrived by the time
 * the services are loaded.
 *
 * @param flushMs - Time limit, in milliseconds, for answers already given to leave a full pipe at the end.
 * @returns a function that serves the host. Call it once.
 */
export type ServeDescriptors<Services> = (
  guard: Pick<Guard, "input" | "output">,
  flushMs: number,
) => (options: DescriptorServerOptions<Services>) => DescriptorServer;
