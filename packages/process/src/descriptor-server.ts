import type { Guard } from "./descriptors.js";

/** A server for the connection to the host, on the descriptors of this process. */
export interface DescriptorServer {
  /**
   * Resolves when the connection has ended: at the end of the input, after an error, or after `close()`. Never rejects.
   * The value is the error if the host violated the protocol, and undefined if the host disconnected or `close()` was
   * called.
   */
  readonly closed: Promise<Error | undefined>;
  /** Ends the connection immediately. */
  close(): void;
  /** Releases the descriptors once all pending responses have been written, or can no longer be written. */
  release(): Promise<void>;
}

/** Options of a {@link DescriptorServer}. */
export interface DescriptorServerOptions<Services> {
  readonly services: Services;
  /** Called with errors of the connection itself. A host that disconnects is not an error. */
  readonly onError?: (error: Error) => void;
}

/**
 * Takes ownership of the host's descriptors and serves them.
 *
 * Works in two steps so that a server that can speak first greets the host immediately: the host's reply arrives while
 * the services are still loading.
 *
 * @param flushMs - Time limit, in milliseconds, for writing pending responses to a full pipe at the end.
 * @returns a function that serves the host; call it once.
 */
export type ServeDescriptors<Services> = (
  guard: Pick<Guard, "input" | "output">,
  flushMs: number,
) => (options: DescriptorServerOptions<Services>) => DescriptorServer;
