/**
 * Guards fd 0 and fd 1 as soon as it is imported. It must be the very first
 * import of an executable: a module that prints while it is imported prints
 * before anything that is called later.
 *
 * ```ts
 * import "@kloset/process/guard";
 * ```
 *
 * @module
 */
import { guardDescriptors } from "./descriptors.js";

try {
  guardDescriptors();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
