import { hasCode } from "./errors.js";

/** Linux takes a lease away from who does not give it back for 45 s (`/proc/sys/fs/lease-break-time`). */
const LONGEST_MS = 50_000;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 500;

/** Waits, and throws the signal's reason when it is aborted. */
export type Pause = (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;

/** The module is not imported: hardly ever is it needed, and a host waits for the plugin's start. */
const pauseFor: Pause = async (milliseconds, signal) => {
  const { setTimeout } = process.getBuiltinModule("node:timers/promises");
  await setTimeout(milliseconds, undefined, { signal }).catch(() => signal?.throwIfAborted());
};

/**
 * Opens a file with `O_NONBLOCK`, which says EAGAIN at once when somebody has a
 * lease on it, as Samba and NFS servers have on files that their clients use.
 * He is told by that, and gives it back: so it is tried again until he does, at
 * the longest a bit longer than the system leaves him. Not without the flag: that
 * would hold one of the few threads meanwhile, and the wait could not be aborted.
 *
 * @param open - Called until it does not fail with EAGAIN.
 * @param pause - For tests.
 * @throws What opening throws, EAGAIN at last; the signal's reason.
 */
export async function openUnleased<T>(
  open: () => T | Promise<T>,
  signal?: AbortSignal,
  pause: Pause = pauseFor,
): Promise<T> {
  let waited = 0;
  let next = FIRST_PAUSE_MS;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!hasCode(error, "EAGAIN") || waited >= LONGEST_MS) throw error;
    }
    await pause(next, signal);
    // By what was waited, not by the clock, which may jump.
    waited += next;
    next = Math.min(2 * next, LONGEST_PAUSE_MS);
  }
}
