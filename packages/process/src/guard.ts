/**
 * Guards fd 0 and fd 1 on import. Must be the first import of an executable: modules imported earlier could print
 * before the guard is in place.
 *
 * ```ts
 * import "@kloset/process/guard";
 * ```
 *
 * @module
 */
import { guardDescriptors } from "./descriptors.js";
import { expectServing } from "./missing-run.js";

try {
  if (guardDescriptors() !== undefined) expectServing();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
