import { setMaxListeners } from "node:events";

/**
 * A controller whose signal takes any number of listeners: an author hands it to
 * all that is done at once, and Node would warn the user of a leak from 11 on.
 */
export function newAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
