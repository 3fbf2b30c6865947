/**
 * Reads what the host still sends and throws it away. A failure is answered only
 * after that: the host shows "EOF" in place of the message otherwise.
 */
export async function drain(messages: AsyncIterator<unknown, unknown>): Promise<void> {
  try {
    while ((await messages.next()).done !== true);
  } catch {
    // There is a failure to tell already.
  }
}
