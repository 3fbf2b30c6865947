import { hasCode } from "./errors.js";

/** Slightly longer than the 45 s after which Linux breaks a lease (`/proc/sys/fs/lease-break-time`). */
const MAX_WAIT_MS = 50_000;
const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 500;

/** Waits, and throws the signal's reason if it is aborted. */
export type Pause = (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;

/** Loads the module on demand: it is rarely needed, and would delay the start of the plugin. */
const pauseFor: Pause = async (milliseconds, signal) => {
  const { setTimeout } = process.getBuiltinModule("node:timers/promises");
  await setTimeout(milliseconds, undefined, { signal }).catch(() => signal?.throwIfAborted());
};

/**
 * Opens a file with `O_NONBLOCK`, which fails with EAGAIN while another process
 * holds a lease on it, as Samba and NFS servers do for their clients. The failed
 * open asks the lease holder to release the file, so retry for at most 50 s.
 * Without the flag, the open would block one of the few threads, and could not be
 * aborted.
 *
 * @param open - Called until it does not fail with EAGAIN.
 * @param context - Its signal is read, and so created, only if the file is leased.
 * @param pause - Replaced in tests.
 * @throws The error of `open`, EAGAIN after the last attempt; the signal's reason.
 */
export async function openUnleased<T>(
  open: () => T | Promise<T>,
  context?: { readonly signal: AbortSignal },
  pause: Pause = pauseFor,
): Promise<T> {
  let waited = 0;
  let next = FIRST_PAUSE_MS;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!hasCode(error, "EAGAIN") || waited >= MAX_WAIT_MS) throw error;
    }
    await pause(next, context?.signal);
    // Adds up the pauses instead of reading the clock, which may jump.
    waited += next;
    next = Math.min(2 * next, MAX_PAUSE_MS);
  }
}
