import type { Arrivals } from "../calls/requests.js";

/**
 * Reads and discards everything that the host still sends. Drain before answering with a
 * failure: otherwise the host shows "EOF" instead of the message.
 */
export async function drain(arrivals: Arrivals<unknown>): Promise<void> {
  try {
    do while (arrivals.take() !== undefined);
    while (await arrivals.more());
  } catch {
    // The caller already has a failure to report.
  }
}
