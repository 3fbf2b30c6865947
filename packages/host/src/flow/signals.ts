import { setMaxListeners } from "node:events";

/**
 * Combines two signals.
 *
 * @returns A signal that is aborted by either, and accepts any number of listeners: each entry that is read or stored
 * may add some, and Node would warn of a leak.
 */
export function eitherSignal(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  const signal = other === undefined ? one : AbortSignal.any([one, other]);
  setMaxListeners(0, signal);
  return signal;
}
