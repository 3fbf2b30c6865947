/**
 * Reads and discards everything that the host still sends. Drain before answering with a
 * failure: otherwise the host shows "EOF" instead of the message.
 */
export async function drain(messages: AsyncIterator<unknown, unknown>): Promise<void> {
  try {
    while ((await messages.next()).done !== true);
  } catch {
    // The caller already has a failure to report.
  }
}
