/**
 * Time limits and abort signals.
 *
 * @module
 */
export { newAbortController } from "./abort-controller.js";
export { checkDeadline, startDeadline } from "./deadline.js";
export { settlesWithin } from "./settles-within.js";
