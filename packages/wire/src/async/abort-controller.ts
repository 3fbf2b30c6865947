import { setMaxListeners } from "node:events";

/**
 * Creates a controller whose signal accepts any number of listeners. Authors pass the signal to many operations at
 * once, and Node would print a leak warning to the user from the 11th listener on.
 */
export function newAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
